package main

import (
	"context"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/client"
)

// completeTime is how long somebody who pressed the tab key is kept waiting.
const completeTime = 2 * time.Second

// completeWords completes the values of a flag that was just made, so that the
// error (there is no such flag) cannot be.
func completeWords(cmd *cobra.Command, flag string, words ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// completeNames completes the short names that a server lists. The registries
// are not asked: that takes too long for a key stroke.
func (o *resolveOptions) completeNames(cmd *cobra.Command, _ []string, begin string) ([]string, cobra.ShellCompDirective) {
	if err := applySettings(cmd, os.LookupEnv); err != nil || o.answers.server == "" {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completeTime)
	defer cancel()
	asker, err := askServer(o.answers.server, &o.answers.proof)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list, err := asker.listNames(ctx, o.tool)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var words []string
	for _, image := range list.Images {
		if strings.HasPrefix(image.ShortName, begin) {
			words = append(words, cobra.CompletionWithDesc(shown(image.ShortName), shown(image.State)))
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// listNames lists the names that a tool may write, or with "" anybody.
func (a *asker) listNames(ctx context.Context, tool string) (list api.ImagesAnswer, err error) {
	fields := []string{"short_name", "state"}
	if tool == "" {
		err = a.get(ctx, "v1/images", url.Values{"fields": {strings.Join(fields, ",")}}, &list)
		return list, err
	}
	c, err := a.asTool()
	if err != nil {
		return list, err
	}
	answer, err := c.ToolImages(ctx, tool, client.Query{Fields: fields})
	if err != nil {
		return list, err
	}
	return answer.Body, nil
}

// completeCommands completes the topics of help.
func completeCommands(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var words []string
	for _, c := range cmd.Root().Commands() {
		if len(args) == 0 && c.IsAvailableCommand() {
			words = append(words, cobra.CompletionWithDesc(c.Name(), c.Short))
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}
