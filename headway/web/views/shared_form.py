"""Forms on something that others may change while the form is open."""

import json
from typing import Any, TypeVar

from django import forms
from django.db.models import Model
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from .changes import last_to_change

Row = TypeVar("Row", bound=Model)


class _Shared(forms.BaseForm):
    """A form that carries what it showed of its `subject`, so that nobody's edit is overwritten unseen.

    A field that its person left alone takes what others wrote meanwhile. Where both changed a field the form is
    refused and says what the other one wrote; sent again, one's own value takes its place. Without a subject, or
    without what was shown (a form sent by a program), it is a plain form.
    """

    def __init__(self, *args: Any, subject: Model | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.subject = subject
        self._theirs: dict[str, list[str]] = {}

    @property
    def seen(self) -> str:
        """What stands now, for a hidden field of the name `seen`; nothing without a subject."""
        return json.dumps(self._standing()) if self.subject is not None else ""

    def full_clean(self) -> None:
        if self.is_bound and self.subject is not None:
            self._merge()
        super().full_clean()
        self._keep_texts()
        for name, typed in self._theirs.items():
            who = last_to_change(self.about(name), name.partition("-")[0])
            told = _("%(who)s changed this meanwhile to “%(value)s”. Save again to put yours in its place.")
            self.add_error(name, told % {"who": who, "value": self._in_words(name, typed)})

    def about(self, name: str) -> Model:
        """Return the row that the field of this name is kept in, for the name of whoever changed it."""
        assert self.subject is not None
        return self.subject

    def _keep_texts(self) -> None:
        """Write line ends as they were, or plainly: a browser sends others, and a text nobody touched would change."""
        cleaned = getattr(self, "cleaned_data", {})
        for name, value in cleaned.items():
            if isinstance(value, str):
                standing = self.get_initial_for_field(self.fields[name], name) if name in self.fields else None
                is_same = isinstance(standing, str) and _typed(standing) == _typed(value)
                cleaned[name] = standing if is_same else value.replace("\r\n", "\n")

    def _merge(self) -> None:
        seen = _read(self.data.get("seen"))
        data = QueryDict(mutable=True)
        for key in self.data:
            data.setlist(key, self._sent(key))
        for name, standing in self._standing().items():
            if name not in seen or standing == seen[name]:
                continue
            field = self[name]
            typed = _typed(field.field.widget.value_from_datadict(self.data, self.files, field.html_name))
            if typed == seen[name]:
                data.pop(field.html_name, None)
                if standing:
                    data.setlist(field.html_name, standing)
            elif typed != standing:
                self._theirs[name] = standing
        self.data = data

    def _sent(self, key: str) -> list[Any]:
        return self.data.getlist(key) if isinstance(self.data, MultiValueDict) else [self.data[key]]

    def _standing(self) -> dict[str, list[str]]:
        """Return for each field what a browser would send if nobody touched it."""
        return {name: self._untouched(name, field) for name, field in self.fields.items()}

    def _untouched(self, name: str, field: forms.Field) -> list[str]:
        value = field.prepare_value(self.get_initial_for_field(field, name))
        if isinstance(field.widget, forms.CheckboxInput):
            return _typed(bool(value))
        return _typed(field.widget.format_value(value))

    def _in_words(self, name: str, typed: list[str]) -> str:
        choices = getattr(self.fields[name], "choices", ())
        labels = {str(value): str(label) for value, label in choices if not isinstance(label, list | tuple)}
        return Truncator(", ".join(labels.get(one, one) for one in typed)).chars(120) or "–"


class SharedForm(_Shared, forms.Form):
    """A form of fields."""


class SharedModelForm(_Shared, forms.ModelForm[Row]):
    """A form of a model's fields; its subject is the row that it shows."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, subject=options.get("instance"), **options)


def _read(text: Any) -> dict[str, list[str]]:
    try:
        seen = json.loads(text or "{}")
    except (TypeError, ValueError):
        return {}
    if not isinstance(seen, dict):
        return {}
    return {name: value for name, value in seen.items() if isinstance(value, list)}


def _typed(value: Any) -> list[str]:
    """Return a value as text that compares: line ends and blanks around it are the browser's, not the person's."""
    if value is None or value is False or value == "":
        return []
    if isinstance(value, list | tuple | set):
        return sorted(str(one) for one in value if one not in (None, ""))
    if value is True:
        return ["on"]
    text = str(value).replace("\r\n", "\n").replace("\r", "\n").strip()
    return [text] if text else []
