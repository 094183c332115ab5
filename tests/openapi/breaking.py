"""Names the changes between two descriptions of the API after which a client of the old one may fail with the new one.

usage: breaking.py OLD NEW     compares; ends with 1 when something breaks
       breaking.py promise     prints what of the description on the standard input binds us: without texts and examples

What is sent may only become freer, what is answered may only become more precise. A value that is new in an answer is told
of as a warning: clients have to expect new values, but a strict one stumbles. So is another pattern, which may be a wider one.
"""

import json
import sys

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
# What says nothing about requests and answers.
TEXTS = ("description", "summary", "title", "example", "examples", "externalDocs", "links", "tags")
# Limits that narrow when they sink, and those that narrow when they rise.
CEILINGS = ("maximum", "maxLength", "maxItems", "maxProperties")
FLOORS = ("minimum", "minLength", "minItems", "minProperties")
FORMS = ("pattern", "format", "multipleOf", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum")
BREAKING, WARNING = "breaking", "warning"


def promise(value, is_map_of_names=False):
    """The description without its texts. The fields of an object may be called as texts are."""
    if isinstance(value, dict):
        return {
            key: promise(inner, key in ("properties", "schemas", "paths", "parameters", "headers"))
            for key, inner in value.items()
            if is_map_of_names or key not in TEXTS
        }
    return [promise(inner) for inner in value] if isinstance(value, list) else value


class Comparison:
    def __init__(self, old, new):
        self.old, self.new = old, new
        self.found = []
        # Schemas refer to themselves.
        self.compared = set()

    def tell(self, level, where, what):
        if (level, where, what) not in self.found:
            self.found.append((level, where, what))

    def run(self):
        olds, news = operations(self.old), operations(self.new)
        for where, old in olds.items():
            if where not in news:
                self.tell(BREAKING, where, "the operation is gone")
            else:
                self.operation(where, old, news[where])
        return self.found

    def operation(self, where, old, new):
        if old.get("operationId") != new.get("operationId"):
            names = f"{old.get('operationId')} to {new.get('operationId')}"
            self.tell(BREAKING, where, f"the operation id changed from {names}, after which clients name their functions")
        if not old.get("security") and new.get("security"):
            self.tell(BREAKING, where, "a token is needed now")
        self.parameters(where, old, new)
        self.body(where, old.get("requestBody"), new.get("requestBody"))
        self.answers(where, old["responses"], new["responses"])

    def parameters(self, where, old, new):
        olds, news = parameters(self.old, old), parameters(self.new, new)
        for (place, name), parameter in olds.items():
            at = f"{where} {place} {name}"
            after = news.get((place, name))
            if after is None:
                self.tell(BREAKING, at, "the parameter is gone")
                continue
            if after.get("required") and not parameter.get("required"):
                self.tell(BREAKING, at, "the parameter is required now")
            self.sent(at, parameter.get("schema", {}), after.get("schema", {}))
        for (place, name), parameter in news.items():
            if (place, name) not in olds and parameter.get("required"):
                self.tell(BREAKING, f"{where} {place} {name}", "a new parameter is required")

    def body(self, where, old, new):
        at = f"{where} body"
        if old is None:
            if new is not None and new.get("required"):
                self.tell(BREAKING, at, "a body is required now")
            return
        if new is None:
            self.tell(BREAKING, at, "no body is taken any more")
            return
        if new.get("required") and not old.get("required"):
            self.tell(BREAKING, at, "the body is required now")
        for media_type, content in old["content"].items():
            if media_type not in new["content"]:
                self.tell(BREAKING, at, f"{media_type} is not taken any more")
            else:
                self.sent(at, content.get("schema", {}), new["content"][media_type].get("schema", {}))

    def answers(self, where, olds, news):
        for status, old in olds.items():
            at, new = f"{where} {status}", news.get(status)
            if new is None:
                if status.startswith("2"):
                    self.tell(BREAKING, at, "the answer is gone")
                continue
            for name, header in old.get("headers", {}).items():
                after = new.get("headers", {}).get(name)
                if after is None or (header.get("required") and not after.get("required")):
                    self.tell(BREAKING, f"{at} header {name}", "the header is gone, or not always there")
            for media_type, content in old.get("content", {}).items():
                if media_type not in new.get("content", {}):
                    self.tell(BREAKING, at, f"it is not {media_type} any more")
                else:
                    self.given(at, content.get("schema", {}), new["content"][media_type].get("schema", {}))

    def is_new_pair(self, direction, old, new):
        """Whether these two were not compared yet; what has no name is always compared."""
        names = (direction, old.get("$ref"), new.get("$ref"))
        if names[1] is None or names[2] is None:
            return True
        if names in self.compared:
            return False
        self.compared.add(names)
        return True

    def sent(self, at, old, new):
        """What was accepted has to be accepted."""
        if not self.is_new_pair("sent", old, new):
            return
        at = name_of(new) or at
        old, new = resolved(self.old, old), resolved(self.new, new)
        widened = old.get("type") == "integer" and new.get("type") == "number"
        if "type" in new and new["type"] != old.get("type") and not widened:
            self.tell(BREAKING, at, f"the type changed from {old.get('type', 'any')} to {new['type']}")
            return
        if old.get("nullable") and not new.get("nullable"):
            self.tell(BREAKING, at, "null is not taken any more")
        self.narrowed_values(at, old, new)
        self.narrowed_limits(at, old, new)
        self.properties_sent(at, old, new)
        self.parts(at, old, new, self.sent)
        self.variants(at, old, new, self.sent)

    def narrowed_values(self, at, old, new):
        if "enum" in new and "enum" not in old:
            self.tell(BREAKING, at, "only listed values are taken now")
        for value in old.get("enum", []):
            if "enum" in new and value not in new["enum"]:
                self.tell(BREAKING, at, f"the value {value!r} is not taken any more")

    def narrowed_limits(self, at, old, new):
        for limit in CEILINGS:
            if limit in new and new[limit] < old.get(limit, float("inf")):
                self.tell(BREAKING, at, f"{limit} sank from {old.get(limit, 'none')} to {new[limit]}")
        for limit in FLOORS:
            if limit in new and new[limit] > old.get(limit, float("-inf")):
                self.tell(BREAKING, at, f"{limit} rose from {old.get(limit, 'none')} to {new[limit]}")
        for form in FORMS:
            if new.get(form) and new[form] != old.get(form):
                # Whether another regular expression takes all that the former did is for people to judge.
                level = WARNING if form == "pattern" and form in old else BREAKING
                self.tell(level, at, f"{form} changed from {old.get(form, 'none')} to {new[form]}")

    def properties_sent(self, at, old, new):
        olds, news = old.get("properties", {}), new.get("properties", {})
        for name, schema in olds.items():
            if name not in news:
                if new.get("additionalProperties", True) is False:
                    self.tell(BREAKING, f"{at}/{name}", "the field is not taken any more")
            else:
                self.sent(f"{at}/{name}", schema, news[name])
        for name in new.get("required", []):
            if name not in old.get("required", []):
                what = "the field is required now" if name in olds else "a new field is required"
                self.tell(BREAKING, f"{at}/{name}", what)
        if old.get("additionalProperties", True) is True and new.get("additionalProperties") is False and olds:
            self.tell(BREAKING, at, "other fields are not taken any more")

    def given(self, at, old, new):
        """What was there has to be there, in the form that it had."""
        if not self.is_new_pair("given", old, new):
            return
        at = name_of(new) or at
        old, new = resolved(self.old, old), resolved(self.new, new)
        narrowed = old.get("type") == "number" and new.get("type") == "integer"
        if "type" in old and old["type"] != new.get("type") and not narrowed:
            self.tell(BREAKING, at, f"the type changed from {old['type']} to {new.get('type', 'any')}")
            return
        if new.get("nullable") and not old.get("nullable"):
            self.tell(BREAKING, at, "it may be null now")
        if "enum" in old:
            for value in new.get("enum", ["anything"]):
                if value not in old["enum"]:
                    self.tell(WARNING, at, f"the value {value!r} is new")
        if old.get("format") and old["format"] != new.get("format"):
            self.tell(BREAKING, at, f"format changed from {old['format']} to {new.get('format', 'none')}")
        self.properties_given(at, old, new)
        self.parts(at, old, new, self.given)
        self.variants(at, new, old, lambda at, new, old: self.given(at, old, new), WARNING, "may be given now")

    def properties_given(self, at, old, new):
        news = new.get("properties", {})
        for name, schema in old.get("properties", {}).items():
            if name not in news:
                self.tell(BREAKING, f"{at}/{name}", "the field is gone")
                continue
            if name in old.get("required", []) and name not in new.get("required", []):
                self.tell(BREAKING, f"{at}/{name}", "the field is not always there any more")
            self.given(f"{at}/{name}", schema, news[name])

    @staticmethod
    def parts(at, old, new, compare):
        for part in ("items", "additionalProperties"):
            if isinstance(old.get(part), dict) and isinstance(new.get(part), dict):
                compare(f"{at}/*", old[part], new[part])

    def variants(self, at, old, new, compare, level=BREAKING, what="is not taken any more"):
        """Each of the old variants needs one of the new ones: that of its name, or one of its type."""
        for union in ("anyOf", "oneOf"):
            others = {variant_key(variant): variant for variant in new.get(union, [])}
            for variant in old.get(union, []):
                key = variant_key(variant)
                if key in others:
                    compare(f"{at}/{key}", variant, others[key])
                elif union in new or "type" in new:
                    self.tell(level, at, f"the variant {key} {what}")


def operations(spec):
    return {
        f"{method.upper()} {path}": operation
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def parameters(spec, operation):
    all_of_them = [resolved(spec, parameter) for parameter in operation.get("parameters", [])]
    return {(parameter["in"], parameter["name"]): parameter for parameter in all_of_them}


def name_of(schema):
    """The name of a schema, shorter and clearer than the way to it."""
    reference = schema.get("$ref") or (schema.get("allOf") or [{}])[0].get("$ref")
    return reference.rsplit("/", 1)[1] if reference else None


def variant_key(variant):
    return name_of(variant) or variant.get("type", json.dumps(variant, sort_keys=True))


def resolved(spec, schema):
    """A schema without references, and with all that it is made of in one."""
    if "$ref" in schema:
        target = spec
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return resolved(spec, target)
    if "allOf" not in schema:
        return schema
    whole = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        part = resolved(spec, part)
        for key, value in part.items():
            if key == "required":
                whole[key] = whole.get(key, []) + value
            elif key == "properties":
                whole[key] = {**value, **whole.get(key, {})}
            else:
                whole.setdefault(key, value)
    return whole


def compare(old, new):
    return Comparison(promise(old), promise(new)).run()


def main(arguments):
    if arguments == ["promise"]:
        json.dump(promise(json.load(sys.stdin)), sys.stdout, separators=(",", ":"), sort_keys=True)
        print()
        return 0
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    documents = []
    for path in arguments:
        with open(path, encoding="utf-8") as file:
            documents.append(json.load(file))
    found = compare(*documents)
    for level, where, what in found:
        print(f"{level}: {where}: {what}")
    breaking = sum(level == BREAKING for level, _, _ in found)
    print(f"{breaking} breaking changes, {len(found) - breaking} warnings")
    return 1 if breaking else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
