"""Each breaking change that is planted in the real description is named, alone; what harms nobody is not."""

import copy
import json
import pathlib
import unittest

from breaking import BREAKING, WARNING, compare

SPEC = json.loads((pathlib.Path(__file__).parents[2] / "schema" / "openapi.json").read_text(encoding="utf-8"))


def schema(spec, name):
    return spec["components"]["schemas"][name]


def parameter(operation, name):
    return next(one for one in operation["parameters"] if one["name"] == name)


class Planted(unittest.TestCase):
    maxDiff = None

    def found(self, plant, *, before=lambda spec: None):
        old = copy.deepcopy(SPEC)
        before(old)
        new = copy.deepcopy(old)
        plant(new)
        return compare(old, new)

    def assert_found(self, plant, where, what, level=BREAKING, **more):
        self.assertEqual(self.found(plant, **more), [(level, where, what)])

    def test_a_removed_operation(self):
        self.assert_found(
            lambda spec: spec["paths"]["/tickets/{ticket_id}/close"].pop("post"),
            "POST /tickets/{ticket_id}/close",
            "the operation is gone",
        )

    def test_a_renamed_operation(self):
        def plant(spec):
            spec["paths"]["/tickets"]["post"]["operationId"] = "create_ticket"

        [(level, where, what)] = self.found(plant)
        self.assertEqual((level, where), (BREAKING, "POST /tickets"))
        self.assertIn("open_ticket to create_ticket", what)

    def test_a_token_where_none_was_needed(self):
        def plant(spec):
            spec["paths"]["/auth/login"]["post"]["security"] = [{"bearer": []}]

        self.assert_found(plant, "POST /auth/login", "a token is needed now")

    def test_a_removed_parameter(self):
        def plant(spec):
            parameters = spec["paths"]["/tickets"]["get"]["parameters"]
            parameters[:] = [one for one in parameters if one["name"] != "sort"]

        self.assert_found(plant, "GET /tickets query sort", "the parameter is gone")

    def test_a_parameter_that_is_required_now(self):
        def plant(spec):
            parameter(spec["paths"]["/tickets"]["get"], "status")["required"] = True

        self.assert_found(plant, "GET /tickets query status", "the parameter is required now")

    def test_a_new_required_parameter(self):
        def plant(spec):
            new = {"in": "query", "name": "zone", "required": True, "schema": {"type": "string"}}
            spec["paths"]["/tickets"]["get"]["parameters"].append(new)

        self.assert_found(plant, "GET /tickets query zone", "a new parameter is required")

    def test_a_new_required_field(self):
        self.assert_found(
            lambda spec: (
                schema(spec, "PostMessageBody")["properties"].update(tone={"type": "string"}),
                schema(spec, "PostMessageBody")["required"].append("tone"),
            ),
            "PostMessageBody/tone",
            "a new field is required",
        )

    def test_a_removed_field_of_a_request(self):
        self.assert_found(
            lambda spec: schema(spec, "PostMessageBody")["properties"].pop("visibility"),
            "PostMessageBody/visibility",
            "the field is not taken any more",
        )

    def test_a_removed_field_of_an_answer(self):
        def plant(spec):
            schema(spec, "Ticket")["properties"].pop("subject")
            schema(spec, "Ticket")["required"].remove("subject")

        self.assert_found(plant, "Ticket/subject", "the field is gone")

    def test_a_field_of_an_answer_that_is_not_always_there(self):
        self.assert_found(
            lambda spec: schema(spec, "Ticket")["required"].remove("subject"),
            "Ticket/subject",
            "the field is not always there any more",
        )

    def test_a_changed_type_of_an_answer(self):
        def plant(spec):
            schema(spec, "Ticket")["properties"]["number"] = {"type": "string"}

        self.assert_found(plant, "Ticket/number", "the type changed from integer to string")

    def test_a_changed_type_of_a_request(self):
        def plant(spec):
            schema(spec, "PostMessageBody")["properties"]["body"] = {"type": "integer"}

        self.assert_found(plant, "PostMessageBody/body", "the type changed from string to integer")

    def test_a_shorter_text(self):
        def plant(spec):
            schema(spec, "PostMessageBody")["properties"]["body"]["maxLength"] = 100

        self.assert_found(plant, "PostMessageBody/body", "maxLength sank from 65536 to 100")

    def test_a_pattern_where_there_was_none(self):
        def plant(spec):
            schema(spec, "SignInBody")["properties"]["email"]["pattern"] = "^.+@.+$"

        self.assert_found(plant, "SignInBody/email", "pattern changed from none to ^.+@.+$")

    def test_another_pattern_is_a_warning(self):
        def plant(spec):
            parameter(spec["paths"]["/tickets"]["get"], "cursor")["schema"]["pattern"] = "^.*$"

        [(level, where, _)] = self.found(plant)
        self.assertEqual((level, where), (WARNING, "GET /tickets query cursor"))

    def test_a_removed_value_of_a_request(self):
        self.assert_found(
            lambda spec: schema(spec, "OngoingStatus")["enum"].remove("pending"),
            "OngoingStatus",
            "the value 'pending' is not taken any more",
        )

    def test_a_new_value_of_an_answer_is_a_warning(self):
        self.assert_found(
            lambda spec: schema(spec, "SlaOutcome")["enum"].append("waived"),
            "SlaOutcome",
            "the value 'waived' is new",
            WARNING,
        )

    def test_a_removed_variant_of_a_request(self):
        self.assert_found(
            lambda spec: schema(spec, "CustomFieldValue")["anyOf"].pop(0),
            "CustomFieldValue",
            f"the variant {self.first_variant()} is not taken any more",
        )

    @staticmethod
    def first_variant():
        return schema(SPEC, "CustomFieldValue")["anyOf"][0]["type"]

    def test_a_removed_answer(self):
        def plant(spec):
            responses = spec["paths"]["/tickets"]["post"]["responses"]
            responses["200"] = responses.pop("201")

        self.assert_found(plant, "POST /tickets 201", "the answer is gone")

    def test_a_removed_header_of_an_answer(self):
        self.assert_found(
            lambda spec: spec["paths"]["/tickets"]["post"]["responses"]["201"]["headers"].pop("ETag"),
            "POST /tickets 201 header ETag",
            "the header is gone, or not always there",
        )

    def test_a_body_that_became_required(self):
        self.assert_found(
            lambda spec: spec["paths"]["/tickets/{ticket_id}/reopen"]["post"]["requestBody"].update(required=True),
            "POST /tickets/{ticket_id}/reopen body",
            "the body is required now",
            before=lambda spec: spec["paths"]["/tickets/{ticket_id}/reopen"]["post"]["requestBody"].update(required=False),
        )

    def test_what_is_added_or_told_otherwise_breaks_nothing(self):
        def plant(spec):
            spec["info"]["description"] = "Another text."
            spec["paths"]["/brand_new"] = {"get": {"operationId": "list_news", "responses": {"200": {}}}}
            schema(spec, "PostMessageBody")["properties"]["tone"] = {"type": "string"}
            schema(spec, "PostMessageBody")["properties"]["body"]["maxLength"] = 100_000
            schema(spec, "Ticket")["properties"]["mood"] = {"type": "string"}
            schema(spec, "Ticket")["required"].append("mood")
            schema(spec, "OngoingStatus")["enum"].append("parked")
            new = {"in": "query", "name": "zone", "schema": {"type": "string"}}
            spec["paths"]["/tickets"]["get"]["parameters"].append(new)

        self.assertEqual([one for one in self.found(plant) if one[0] == BREAKING], [])

    def test_the_same_description_breaks_nothing(self):
        self.assertEqual(compare(SPEC, SPEC), [])


if __name__ == "__main__":
    unittest.main()
