"""Runs the listings of docs/consumers.md against a live server.

CATALOGS is a folder with the real catalogs, as YAML and as JSON; FAKE is the
program that is started.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

import readers_of_today
import ten_lines
from bayplan_client import Bayplan, CouldNotAsk, NotThere, Refused
from fake_bayplan import FakeBayplan
from follow import events
from jobs_images import listing, table
from jobs_resolve import resolve
from webservice_types import Types, cached, from_image_config, from_images

CATALOGS, PROGRAM = os.environ["CATALOGS"], os.environ["FAKE"]
SOON = 0.3  # seconds that are waited for what does not come
OUTAGES = ["*=503", "*=500", "*=502", "*=html", "*=html:404", "*=reset", "*=cut", "*=null", "*=429", "*=stall", "*=redirect:http://127.0.0.1:1/"]
TOOLS = """
tools:
  wikibugs: [wikibugs:v1, wikibugs:latest]
  a--b: [web/api:v2]
  secret: {private: true, images: [secret:latest]}
"""


def catalog_of(name):
    with open(os.path.join(CATALOGS, name + ".json"), encoding="utf-8") as file:
        return json.load(file)


class Served(unittest.TestCase):
    """Serves one catalog for all tests of a class."""

    catalog = "images-v1"

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        tools = os.path.join(cls.folder, "tools.yaml")
        with open(tools, "w", encoding="utf-8") as file:
            file.write(TOOLS)
        cls.fake = FakeBayplan("--catalog", os.path.join(CATALOGS, cls.catalog + ".yaml"), "--images", tools, program=PROGRAM)
        cls.fake.__enter__()
        cls.addClassCleanup(cls.fake.__exit__, None, None, None)

    def setUp(self):
        self.fake.faults()
        self.bayplan = Bayplan(self.fake.url, timeout=30)
        self.addCleanup(self.fake.faults)


class ReadersOfToday(Served):
    """Unchanged, they give the same from /v1/image-config as from the ConfigMap."""

    flat = False

    def test_the_data_is_the_same(self):
        served, _ = self.bayplan.get("/v1/image-config")
        self.assertEqual(served, catalog_of(self.catalog))

    def test_the_lists_are_the_same(self):
        served, _ = self.bayplan.get("/v1/image-config")
        before = catalog_of(self.catalog)
        jobs = readers_of_today.jobs_images(before, self.flat)
        self.assertTrue(jobs)
        self.assertEqual(readers_of_today.jobs_images(served, self.flat), jobs)
        if not self.flat:
            self.assertEqual(readers_of_today.webservice_types(served), readers_of_today.webservice_types(before))

    def test_ten_lines_give_the_same_lists(self):
        jobs = readers_of_today.jobs_images(catalog_of(self.catalog), self.flat)
        self.assertEqual(ten_lines.images(self.fake.url), {image["shortname"]: image["image"] for image in jobs})
        types = from_image_config(catalog_of(self.catalog))
        expected = {name: t["image"] for name, t in types.items() if not t["deprecated"]}
        have = ten_lines.images(self.fake.url, "webservice")
        self.assertTrue(expected)
        self.assertEqual({name: have[name] for name in expected}, expected)
        if not self.flat:
            self.assertEqual(have, expected)

    def test_the_new_lists_are_the_old_ones(self):
        jobs = readers_of_today.jobs_images(catalog_of(self.catalog), self.flat)
        new = [i for i in listing(self.bayplan, "wikibugs")["images"] if not i["shortname"].startswith("tool-")]
        self.assertEqual(new, jobs)
        config, _ = self.bayplan.get("/v1/image-config")
        records, _ = self.bayplan.get("/v1/images", {"variant": "webservice"})
        self.assertEqual(from_images(records), from_image_config(config))
        if not self.flat:
            self.assertEqual(from_image_config(config), readers_of_today.webservice_types(catalog_of(self.catalog)))


class ReadersOfTodayInHarbor(ReadersOfToday):
    catalog = "images-v1-harbor"


class ReadersSinceMay2026(ReadersOfToday):
    catalog, flat = "images-v1-flat-sample", True


class Jobs(Served):
    def test_the_shape_of_jobs_api(self):
        answer = listing(self.bayplan, "wikibugs")
        self.assertEqual(set(answer), {"images", "messages"})
        self.assertEqual(answer["messages"], {})
        names = [image["shortname"] for image in answer["images"]]
        self.assertEqual(names, sorted(names))
        self.assertIn("python3.11", names)
        self.assertNotIn("python3.7", names, "it is deprecated")
        self.assertIn("tool-wikibugs/wikibugs:latest", names)
        self.assertNotIn("tool-secret/secret:latest", names)
        for image in answer["images"]:
            self.assertEqual(set(image), {"shortname", "image"})
            built = image["shortname"].startswith("tool-")
            self.assertRegex(image["image"], r"@sha256:[0-9a-f]{64}$" if built else r"^[^@]+:latest$")

    def test_what_bots_scrape(self):
        printed = table(listing(self.bayplan, "wikibugs")["images"])
        self.assertRegex(printed.splitlines()[0], r"^Short name +Container image URL$")
        versions = {tuple(map(int, v.split("."))) for v in re.findall(r"^python([\d.]+) ", printed, re.M)}
        self.assertEqual(max(versions), (3, 13))

    def test_each_job(self):
        jobs = {
            "python3.11": ("python3.11", True), "tf-python39": ("python3.9", True),
            "docker-registry.tools.wmflabs.org/toolforge-node18-sssd-web:latest": ("node18", True),
            "tool-wikibugs/wikibugs:latest": ("tool-wikibugs/wikibugs:latest", True),
            "tool-a--b/web/api:v2": ("tool-a-char.sep-b/web/api:v2", True),
            "nobody": ("nobody", False), "tool-wikibugs/none:latest": ("tool-wikibugs/none:latest", False),
            "tool-secret/secret:latest": ("tool-secret/secret:latest", False), "x:y@sha:123": ("x:y@sha:123", False),
        }
        found = resolve(self.bayplan, "wikibugs", [*jobs, *jobs])
        self.assertEqual({name: (image["short_name"], image["exists"]) for name, image in found.items()}, jobs)
        self.assertEqual(found["python3.11"], {
            "short_name": "python3.11", "host": "docker-registry.tools.wmflabs.org", "path": "toolforge-python311-sssd-base",
            "tag": "latest", "digest": None, "type": "standard", "state": "stable", "aliases": found["python3.11"]["aliases"],
            "exists": True,
        })
        self.assertEqual(resolve(self.bayplan, "wikibugs", ["tf-python39"])["tf-python39"]["short_name"], "python3.9", "one alone")
        self.assertEqual(resolve(self.bayplan, "wikibugs", []), {})
        pinned = [i["image"] for i in listing(self.bayplan, "wikibugs")["images"] if i["shortname"] == "tool-wikibugs/wikibugs:latest"][0]
        image = resolve(self.bayplan, "wikibugs", [pinned])[pinned]
        self.assertEqual(image["digest"], pinned.partition("@")[2])
        self.assertEqual(image["short_name"], "tool-wikibugs/wikibugs:latest@" + image["digest"])

    def test_many_jobs_are_few_questions(self):
        self.fake.faults("resolve=slow:0s")
        names = [f"job-{i}" for i in range(250)] + ["bookworm"]
        found = resolve(self.bayplan, "wikibugs", names)
        self.assertEqual(list(found), names)
        self.assertTrue(found["bookworm"]["exists"])
        self.assertEqual(self.fake.struck(), [7])

    def test_what_was_built_a_second_ago(self):
        self.fake.build("wikibugs", "new:latest")
        found = resolve(self.bayplan, "wikibugs", ["tool-wikibugs/new"], fresh=True)
        self.assertTrue(found["tool-wikibugs/new"]["exists"])

    def test_outages(self):
        good, jobs = listing(self.bayplan, "wikibugs"), resolve(self.bayplan, "wikibugs", ["bookworm"])
        self.bayplan.timeout = SOON
        for fault in OUTAGES:
            with self.subTest(fault):
                self.fake.faults(fault)
                old = listing(self.bayplan, "wikibugs")
                self.assertEqual(old["images"], good["images"])
                self.assertIn("seconds old", old["messages"]["warning"][0])
                self.assertEqual(resolve(self.bayplan, "wikibugs", ["bookworm"]), jobs)
                with self.assertRaises(CouldNotAsk):
                    listing(Bayplan(self.fake.url, timeout=SOON), "wikibugs")

    def test_nothing_at_all_is_not_believed(self):
        self.fake.faults("images=empty")
        with self.assertRaises(RuntimeError):
            listing(self.bayplan, "wikibugs")

    def test_harbor_down_is_no_outage(self):
        good = listing(self.bayplan, "wikibugs")
        self.fake.faults("harbor=down")
        old = listing(self.bayplan, "wikibugs")
        self.assertEqual(old["images"], good["images"])
        self.assertIn("cannot be asked now", old["messages"]["warning"][0])


class Asking(Served):
    def test_not_there_is_not_could_not_ask(self):
        with self.assertRaises(NotThere) as caught:
            self.bayplan.get("/v1/images/pyton3.11")
        self.assertIn("python3.11", caught.exception.answer["suggestions"])
        self.fake.faults("image=html:404")
        with self.assertRaises(CouldNotAsk):
            self.bayplan.get("/v1/images/pyton3.11")
        self.fake.faults()
        for question in [("/v1/images", {"stat": "stable"}), ("/v1/tool/x/images", None), ("/v2/images", None)]:
            with self.assertRaises(Refused):
                self.bayplan.get(*question)

    def test_what_is_known_is_not_sent_again(self):
        first, age = self.bayplan.get("/v1/images")
        self.assertEqual(age, 0)
        self.assertIs(self.bayplan.get("/v1/images")[0], first, "304 leaves the object that is there")

    def test_no_is_no_older_yes(self):
        self.fake.build("wikibugs", "short:latest")
        question = ("/v1/tool/wikibugs/images/resolve", {"name": "tool-wikibugs/short"})
        self.bayplan.get(*question, tool="wikibugs", fresh=True)
        self.fake.faults("resolve=401*1", "resolve=503")
        with self.assertRaises(Refused):
            self.bayplan.get(*question, tool="wikibugs")
        with self.assertRaises(CouldNotAsk):
            self.bayplan.get(*question, tool="wikibugs")

    def test_what_is_kept_has_a_bound(self):
        for number in range(300):
            self.bayplan.get("/v1/images", {"name": f"job-{number}"})
        self.fake.faults("*=reset")
        self.bayplan.get("/v1/images", {"name": "job-299"})
        with self.assertRaises(CouldNotAsk):
            self.bayplan.get("/v1/images", {"name": "job-0"})

    def test_nobody_listens(self):
        with self.assertRaises(CouldNotAsk):
            Bayplan("http://127.0.0.1:1").get("/v1/images")

    def test_an_answer_without_end(self):
        self.fake.faults("images=endless")
        with self.assertRaises(CouldNotAsk):
            Bayplan(self.fake.url, timeout=SOON).get("/v1/images")

    def test_a_slow_answer_is_an_answer(self):
        self.fake.faults("images=slow:10ms")
        self.assertTrue(self.bayplan.get("/v1/images")[0]["images"])


class Following(Served):
    def added(self, told, name):
        for last, kind, data in told:
            if (kind, data.get("short_name")) == ("added", name):
                return last
        self.fail("the events ended")

    def test_what_is_built_is_told(self):
        told = events(self.fake.url)
        self.assertEqual(next(told)[1], "start")
        self.fake.build("wikibugs", "told:latest")
        last = self.added(told, "tool-wikibugs/told:latest")
        self.assertTrue(self.bayplan.get("/v1/images/tool-wikibugs/told:latest")[0]["image"]["exists"])
        told.close()
        self.fake.build("wikibugs", "later:latest")
        told = events(self.fake.url, last)
        self.added(told, "tool-wikibugs/later:latest")
        told.close()


class Gateway(unittest.TestCase):
    """A gateway that wants a certificate, and says itself which tool asks."""

    def setUp(self):
        self.url, self.authority = os.environ["GATEWAY"], os.environ["AUTHORITY"]
        self.certificate = (os.environ["CERTIFICATE"], os.environ["KEY"])

    def test_a_client_certificate(self):
        images = listing(Bayplan(self.url, self.certificate, self.authority, timeout=30), "secret")["images"]
        self.assertIn("tool-secret/secret:latest", [image["shortname"] for image in images])

    def test_without(self):
        for bayplan in [Bayplan(self.url, None, self.authority), Bayplan(self.url, self.certificate)]:
            with self.assertRaises(CouldNotAsk):
                bayplan.get("/v1/images")


class Webservice(Served):
    def run_command(self, *args, cache=None, configmap="", url=None, timeout=30):
        environment = dict(
            os.environ, URL=url or self.fake.url, TIMEOUT=str(timeout), CONFIGMAP=configmap,
            CACHE=cache or os.path.join(self.folder, self.id(), "types.json"))
        command = os.path.join(os.path.dirname(os.path.abspath(__file__)), "webservice_cli.py")
        done = subprocess.run([sys.executable, command, *args], env=environment, capture_output=True, text=True, check=False)
        self.assertNotIn("Traceback", done.stderr)
        return done

    def configmap(self):
        return os.path.join(CATALOGS, self.catalog + ".json")

    def test_while_all_is_well(self):
        shown = self.run_command("--help").stdout
        self.assertIn("Supported webservice types:\n  Kubernetes backend:\n    * ", shown)
        self.assertIn("    * php7.4 (default)\n", shown)
        self.assertNotIn("node12", shown)
        started = self.run_command("jdk17", "start")
        self.assertEqual(started.stdout, "start: docker-registry.tools.wmflabs.org/toolforge-jdk17-sssd-web:latest generic jdk\n")
        self.assertIn("DEPRECATED", self.run_command("node12", "start").stderr)
        wrong = self.run_command("nod18", "start")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("* node18\n", wrong.stderr)

    def outages(self):
        yield "refused", "http://127.0.0.1:1"
        for fault in ["*=500", "*=html", "*=503", "*=reset", "*=slow:1h", "*=stall", "*=cut", "*=null", "image-config=empty"]:
            self.fake.faults(fault)
            yield fault, None

    def test_stop_and_status_never_ask(self):
        self.fake.faults("*=slow:0s")
        for action in ["stop", "status"]:
            self.assertEqual(self.run_command(action).stdout, action + ": done\n")
        self.assertEqual(self.fake.struck(), [0])

    def test_the_endpoint_does_not_answer(self):
        cache = os.path.join(self.folder, "known", "types.json")
        good = self.run_command("--help", cache=cache).stdout
        for name, url in self.outages():
            with self.subTest(name):
                down = {"url": url, "timeout": SOON}
                for action in ["stop", "status"]:
                    self.assertEqual(self.run_command(action, **down).returncode, 0)
                bare = self.run_command("--help", **down)
                self.assertEqual(bare.returncode, 0)
                self.assertIn("types: not known now", bare.stdout)
                self.assertEqual(self.run_command("--help", cache=cache, **down).stdout, good, "from the cache")
                self.assertEqual(self.run_command("--help", configmap=self.configmap(), **down).stdout, good, "from the ConfigMap")
                self.assertEqual(self.run_command("jdk17", "start", cache=cache, **down).returncode, 0)

    def test_one_bad_entry_spoils_nothing(self):
        catalog = catalog_of(self.catalog)
        good = from_image_config(catalog)
        catalog.update({"a": {"state": "stable"}, "b": {"state": "stable", "variants": {"webservice": {"image": "x/y"}}}})
        with self.assertRaises(KeyError):
            readers_of_today.webservice_types(catalog)
        self.assertEqual(from_image_config(catalog), good)

    def test_a_kept_list_gets_too_old(self):
        cache = os.path.join(self.folder, "old.json")
        with open(cache, "w", encoding="utf-8") as file:
            file.write('{"a": {}}')
        self.assertEqual(list(Types(cached(cache))), ["a"])
        os.utime(cache, (0, 0))
        with self.assertRaises(LookupError):
            len(Types(cached(cache)))


if __name__ == "__main__":
    unittest.main()
