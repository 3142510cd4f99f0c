package main

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
)

// inOrder keeps versions as they are given, the newest first.
const inOrder = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder

// completeVersions completes the versions in the first repository that is named.
func completeVersions(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, inOrder
	}
	return versionsIn(cmd, args[0], begin)
}

// completePublished completes one argument, a version behind its repository.
func completePublished(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return completeReference(cmd, begin, cobra.ShellCompDirectiveNoFileComp)
}

// completeCatalogs completes what is compared or read, of which there are so
// many: files, and versions behind their repository.
func completeCatalogs(most int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completeReference(cmd, begin, cobra.ShellCompDirectiveDefault)
	}
}

// completeReference completes oci://HOST/PATH: with the versions there; of all
// else the shell knows more.
func completeReference(cmd *cobra.Command, begin string, other cobra.ShellCompDirective) ([]string, cobra.ShellCompDirective) {
	colon := strings.LastIndex(begin, ":")
	if !strings.HasPrefix(begin, "oci://") || colon < strings.LastIndex(begin, "/") {
		return nil, other
	}
	words, directive := versionsIn(cmd, begin[:colon], begin[colon+1:])
	for i, version := range words {
		words[i] = begin[:colon+1] + version
	}
	return words, directive
}

// versionsIn gives the versions in a repository that begin so, the newest first.
// It costs one question.
func versionsIn(cmd *cobra.Command, repository, begin string) ([]string, cobra.ShellCompDirective) {
	if err := applySettings(cmd, os.LookupEnv); err != nil {
		return nil, inOrder
	}
	ref, err := artifact.ParseReference(repository)
	if err != nil {
		return nil, inOrder
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completeTime)
	defer cancel()
	rewrites, _ := cmd.Flags().GetStringArray("registry") // each command with versions has it
	client, err := chartClient(ctx, rewrites, artifact.Options{Timeout: completeTime, Attempts: 1})
	if err != nil {
		return nil, inOrder
	}
	tags, err := client.Tags(ctx, ref.Repository())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var found []*semver.Version
	for _, tag := range tags {
		v, err := semver.StrictNewVersion(artifact.VersionOf(tag))
		if err == nil && strings.HasPrefix(v.Original(), begin) {
			found = append(found, v)
		}
	}
	slices.SortFunc(found, func(a, b *semver.Version) int { return b.Compare(a) })
	words := make([]string, len(found))
	for i, v := range found {
		words[i] = v.Original()
	}
	return words, inOrder
}
