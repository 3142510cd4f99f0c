#!/usr/bin/env bats
# functional-tests/tools/bayplan/bayplan-smoke-test.bats
# bats file_tags=tools,bayplan,smoke

set -o nounset

setup() {
    load "../../global-common"
    export TOOL_NAME="${USER#*.}"
    _global_setup
}

do_curl() {
    curl --silent --show-error --insecure --write-out '\n%{http_code}\n' \
        --cert ~/.toolskube/client.crt --key ~/.toolskube/client.key "$@"
}

@test "get bayplan openapi definition without auth works" {
    run curl --silent --insecure --write-out '\n%{http_code}\n' "$TOOLFORGE_API_URL/bayplan/openapi.json"
    assert_success
    assert_line "200"
}

@test "get bayplan health without auth works" {
    run curl --silent --insecure --write-out '\n%{http_code}\n' "$TOOLFORGE_API_URL/bayplan/v1/healthz"
    assert_success
    assert_line "200"
}

@test "get images of the current tool works" {
    run do_curl "$TOOLFORGE_API_URL/bayplan/v1/tool/$TOOL_NAME/images?fields=short_name&type=standard"
    assert_success
    assert_line "200"
    assert_line --partial '"short_name":"bookworm"'
}

@test "get images of another tool fails with forbidden" {
    run do_curl "$TOOLFORGE_API_URL/bayplan/v1/tool/$TOOL_NAME-notthistool/images"
    assert_line "403"
}

@test "the type that webservice starts by default resolves by its alias" {
    run do_curl "$TOOLFORGE_API_URL/bayplan/v1/tool/$TOOL_NAME/images/resolve?name=tf-php74"
    assert_success
    assert_line "200"
    assert_line --partial '"short_name":"php7.4"'
}

@test "an unknown image is not found" {
    run do_curl "$TOOLFORGE_API_URL/bayplan/v1/tool/$TOOL_NAME/images/resolve?name=nosuchimage"
    assert_line "404"
    assert_line --partial '"code":"image_not_found"'
}

teardown() {
    _global_teardown
}
