package main

import (
	"bytes"
	"os"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/rogpeppe/go-internal/testscript"
)

// keys OWNER makes a key to sign with: OWNER.secret, and OWNER.public to check
// against, as gpg exports them.
func keysWord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keys owner")
	}
	owner := args[0]
	entity, err := openpgp.NewEntity(owner, "", owner+"@example.org", &packet.Config{Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048})
	ts.Check(err)
	var secret, open bytes.Buffer
	ts.Check(entity.SerializePrivate(&secret, nil))
	ts.Check(entity.Serialize(&open))
	ts.Check(os.WriteFile(ts.MkAbs(owner+".secret"), secret.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(owner+".public"), open.Bytes(), 0o600))
}
