"""The part of a webservice command that matters here, with the document's change.

URL, TIMEOUT, CACHE and CONFIGMAP are in the environment; CONFIGMAP is a file, ""
for a cluster that does not answer either.
"""
import argparse
import json
import os
import sys

from bayplan_client import Bayplan
from webservice_types import Types, cached, described, endpoint, from_image_config


def configmap():
    with open(os.environ["CONFIGMAP"], encoding="utf-8") as file:
        return from_image_config(json.load(file))


class Help(argparse.Action):
    def __call__(self, parser, *_):
        parser.print_help()
        print(described(TYPES))
        parser.exit()


TYPES = Types(endpoint(Bayplan(os.environ["URL"], timeout=float(os.environ["TIMEOUT"])), os.environ["CACHE"]), cached(os.environ["CACHE"]), configmap)


def main():
    parser = argparse.ArgumentParser(prog="webservice", add_help=False)
    parser.add_argument("--help", action=Help, nargs=0)
    parser.add_argument("type", nargs="?")
    parser.add_argument("action", choices=["start", "stop", "status"])
    args = parser.parse_args()
    if args.action != "start":
        print(args.action + ": done")
        return 0
    name = args.type or "php7.4"
    try:
        chosen = TYPES[name]
    except KeyError:
        print("type must be one of:\n" + described(TYPES), file=sys.stderr)
        return 1
    if chosen["deprecated"]:
        print("DEPRECATED: " + name, file=sys.stderr)
    print(f"start: {chosen['image']} {chosen['wstype']} {chosen['resources']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
