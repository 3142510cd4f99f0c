"""How the consumers of today read the catalog, in words of our own.

catalog is what the ConfigMap holds under images-v1.yaml, decoded. Whatever these
readers stumble over raises here as it does there.
"""


def jobs_images(catalog, flat):
    """jobs-api's list: flat is since May 2026, when an entry has image; before, jobs-framework has it."""
    images = {}
    for name, entry in catalog.items():
        if not isinstance(entry, dict) or not entry:
            continue
        image = entry.get("image") if flat else entry["variants"].get("jobs-framework", {}).get("image")
        if not isinstance(image, str):
            continue
        host, _, path = image.partition("/")
        if not path:
            raise ValueError(image)
        path, _, tag = path.partition(":")
        images[name] = {"host": host, "path": path, "tag": tag or "latest", "state": entry["state"], "aliases": entry.get("aliases", [])}
    if not images:
        raise RuntimeError("no image")
    return [
        {"shortname": name, "image": f"{i['host']}/{i['path']}:{i['tag']}"}
        for name, i in sorted(images.items()) if i["state"] == "stable"
    ]


WSTYPES = {"generic": "generic", "js": "js", "lighttpd": "lighttpd", "lighttpd-plain": "lighttpd-plain", "python": "python"}
RESOURCES = {"default": ("512Mi", 0.5), "jdk": ("1Gi", 0.5)}


def webservice_types(catalog):
    """webservice's types, which it makes before it looks at its arguments."""
    types = {}
    for name, entry in catalog.items():
        if "webservice" not in entry["variants"]:
            continue
        variant = entry["variants"]["webservice"]
        resources = variant["extra"].get("resources", "default")
        RESOURCES[resources]
        types[name] = {
            "image": variant["image"] + ":latest", "wstype": WSTYPES[variant["extra"]["wstype"]], "resources": resources,
            "deprecated": entry["state"] == "deprecated",
        }
    return types
