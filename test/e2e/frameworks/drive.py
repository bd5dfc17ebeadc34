"""Uses an example of docs/rotation.md: drive.py EXAMPLE (make|read|renew VALUE)… prints each result, or "refused"."""

import os
import sys

sys.path.insert(0, "/example")
example, *actions = sys.argv[1:]

if example == "Django":
    os.environ["DJANGO_SETTINGS_MODULE"] = "django_settings"
    from django.core import signing

    refusal = signing.BadSignature
    make, read = signing.dumps, signing.loads
elif example == "FastAPI":
    import jwt
    import fastapi_tokens as tokens

    refusal = jwt.InvalidSignatureError
    make = lambda text: tokens.sign({"sub": text})
    read = lambda token: tokens.verify(token)["sub"]
elif example == "Fernet":
    import fernet_fields
    from cryptography.fernet import InvalidToken

    refusal = InvalidToken
    fields = fernet_fields.FIELDS
    make = lambda text: fields.encrypt(text.encode()).decode()
    read = lambda token: fields.decrypt(token).decode()
    renew = lambda token: fields.rotate(token).decode()

for action, value in zip(actions[::2], actions[1::2]):
    try:
        print({"make": make, "read": read, "renew": globals().get("renew")}[action](value))
    except refusal:
        print("refused")
