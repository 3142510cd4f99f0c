package server_test

// sample is a catalog in which every filter finds something and leaves
// something out. "team/tool" has a slash, "n" and "N" differ by case alone.
const sample = `formatVersion: "1.0"
images:
  bookworm:
    state: stable
    variants:
      jobs-framework: {image: one.test/bookworm}
      webservice: {image: one.test/bookworm-web, extra: {wstype: generic}}
  "N":
    state: beta
    image: one.test/n-upper
  "n":
    state: beta
    image: one.test/n-lower:v1
  python3.11:
    state: stable
    aliases: [tf-python311, Python]
    image: two.test/python311-web
    variants:
      webservice: {image: two.test/python311-web, extra: {wstype: python}}
    webservice-defaults: {command: [webservice-runner, --type, python], port: 8000}
    description: Python <3.11> & Debian
    links: [{title: Help, url: "https://example.org/help?a=1&b=2"}]
  python3.7:
    state: stable
    aliases: [tf-python37]
    image: one.test/python37-web
    replacedBy: python3.11
    lifecycle: {deprecated: "2025-06-01", unsupported: "2027-06-01"}
    formerly: [old.test/python37]
  ruby2.5:
    state: deprecated
    aliases: [tf-ruby25]
    image: two.test/ruby25
    replacedBy: team/tool
    lifecycle: {removed: "2026-09-01"}
  team/tool:
    state: stable
    aliases: [shared/alias]
    image: two.test/team/tool
    variants:
      jobs-framework: {image: one.test/team/tool}
tombstones:
  node6: {date: "2024-02-01", reason: Node.js 6 gets no security fixes, replacedBy: python3.7}
  gone: {date: "2023-01-01", reason: nobody used it}
`

// sampleNames are the images of the sample in the order of a list: byte by byte.
var sampleNames = []string{"N", "bookworm", "n", "python3.11", "python3.7", "ruby2.5", "team/tool"}
