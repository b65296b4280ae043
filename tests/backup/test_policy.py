"""No model of any app is forgotten: it goes into an export, or somebody has said why it does not."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models

from headway.backup import policy

EXPORTED = policy.exported(secrets=True)


def label(model: type[models.Model]) -> str:
    return model._meta.label_lower


def test_what_stays_out_is_there_and_has_a_reason() -> None:
    known = {label(model) for model in policy.every_model()} | {config.label for config in apps.get_app_configs()}
    told = [*policy.KEPT_OUT, *policy.WITH_SECRETS, *policy.SECRET_COLUMNS, *policy.STORED_FILES, *policy.PLAIN_PEOPLE]
    assert set(told) <= known
    assert all(len(reason) > 10 for reason in [*policy.KEPT_OUT.values(), *policy.WITH_SECRETS.values()])


@pytest.mark.parametrize("model", EXPORTED, ids=label)
def test_a_row_is_of_an_organisation_or_of_a_person(model: type[models.Model]) -> None:
    """Or one organisation's export could not tell it from another's: name the model in policy.KEPT_OUT, or say whose
    it is by a foreign key."""
    assert policy.path_to_organisation(model) or policy.path_to_person(model)


@pytest.mark.parametrize("secrets", [True, False])
def test_no_row_points_at_one_that_stays_out(secrets: bool) -> None:
    """A column that may be empty is left empty; another would make the export unreadable."""
    there = {label(model) for model in policy.exported(secrets=secrets)}
    astray = [
        f"{label(model)}.{field.name}"
        for model in policy.exported(secrets=secrets)
        for field in model._meta.concrete_fields
        if field.is_relation and label(field.related_model) not in there and not field.null
    ]
    assert astray == []


def test_what_sounds_like_a_secret_is_treated_as_one() -> None:
    """A new column called token or password needs a line in the policy."""
    words = ("password", "token", "secret", "hash", "key_data")
    harmless = {"live.change.token_name"}  # what people call a token, to tell who did something
    found = {
        f"{label(model)}.{field.attname}"
        for model in policy.exported(secrets=False)
        for field in model._meta.concrete_fields
        if any(word in field.attname for word in words)
        and field.attname not in policy.SECRET_COLUMNS.get(label(model), {})
    }
    assert found <= harmless


@pytest.mark.parametrize("model", EXPORTED, ids=label)
def test_every_kind_of_column_has_a_form(model: type[models.Model]) -> None:
    simple: tuple[Any, ...] = (
        models.AutoField,
        models.IntegerField,
        models.CharField,
        models.TextField,
        models.BooleanField,
        models.FloatField,
        models.DecimalField,
        models.DateField,
        models.TimeField,
        models.DurationField,
        models.JSONField,
        models.UUIDField,
        models.BinaryField,
        models.FileField,
        models.ForeignKey,
    )
    assert [field.name for field in model._meta.concrete_fields if not isinstance(field, simple)] == []
