"""What a password must be: strong enough, and not among those that leaked."""

import hashlib

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from headway.people.models import Person
from headway.people.sign_in.passwords import Argon2, is_breached

NOOR = Person(name="Noor Haddad", email="noor@wrenfield.example")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "too short"),
        ("password1234", "very common password"),
        ("aaaaaaaaaaaaaa", "Repeated characters"),
        ("qwertyuiop12", "similar to a common password"),
        ("noor@wrenfield", "similar to the e-mail"),
    ],
)
def test_a_weak_one_is_refused_with_the_reason(password, reason):
    with pytest.raises(ValidationError) as caught:
        validate_password(password, NOOR)
    assert reason in " ".join(caught.value.messages)


@pytest.mark.parametrize(
    "password", ["correct-horse-battery", "Kx9#vLw2!pQzR", "vier Pinguine tanzen", "übermut-kanal-9"]
)
def test_a_strong_one_is_taken(password):
    validate_password(password, NOOR)


def test_a_very_long_one_costs_no_more():
    validate_password("correct horse battery staple " * 1000, NOOR)


LEAKED = ["correct-horse-battery", "hunter2hunter2", "tr0ub4dor-and-3"]


def hashes() -> list[str]:
    filler = [hashlib.sha1(str(number).encode()).hexdigest().upper() for number in range(500)]
    return sorted([hashlib.sha1(word.encode()).hexdigest().upper() for word in LEAKED] + filler)


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_leaked_one_is_found_in_an_ordered_file(tmp_path, counts, ending):
    file = tmp_path / "hashes.txt"
    file.write_bytes("".join(f"{digest}{':7' if counts else ''}{ending}" for digest in hashes()).encode())
    assert all(is_breached(word, file) for word in LEAKED)
    assert all(is_breached(str(number), file) for number in range(500))  # the first and the last line too
    assert not any(is_breached(f"no{number}", file) for number in range(500))


def test_a_leaked_one_is_found_in_a_folder(tmp_path):
    for digest in hashes():
        with (tmp_path / f"{digest[:5]}.txt").open("a") as file:
            file.write(f"{digest[5:]}:3\n")
    assert all(is_breached(word, tmp_path) for word in LEAKED)
    assert not any(is_breached(f"no{number}", tmp_path) for number in range(500))


def test_the_list_is_asked_when_a_password_is_set(tmp_path, settings):
    file = tmp_path / "hashes.txt"
    file.write_text("\n".join(hashes()))
    settings.BREACHED_PASSWORDS = str(file)
    with pytest.raises(ValidationError, match="published after a break-in"):
        validate_password("correct-horse-battery", NOOR)
    validate_password("another-horse-battery", NOOR)


def test_an_empty_list_holds_nothing(tmp_path):
    (tmp_path / "empty").write_text("")
    assert not is_breached("x", tmp_path / "empty")


def test_it_is_kept_by_argon2():
    hasher = Argon2()
    kept = hasher.encode("correct-horse-battery", "saltsaltsalt")
    assert kept.startswith("argon2$argon2id$v=19$m=9216,t=4,p=1$")
    assert hasher.verify("correct-horse-battery", kept)
    assert not hasher.verify("wrong", kept)
