from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scrum", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="item", name="item_by_done"),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["team", "category", "done_at", "removed_at"], name="item_by_state"),
        ),
    ]
