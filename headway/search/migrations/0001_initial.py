from django.db import migrations

from headway.search import index


class Migration(migrations.Migration):
    """The table of the index; the triggers that fill it follow at the end of every `migrate` (see `index`)."""

    dependencies = []

    operations = [
        migrations.RunPython(
            lambda apps, editor: index.create_table(editor.connection),
            lambda apps, editor: index.drop_table(editor.connection),
        )
    ]
