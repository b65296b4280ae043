"""How people sign in: passwords, second factors, sessions. The work is django-allauth's; the rules are here."""
