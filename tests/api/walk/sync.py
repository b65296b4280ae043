"""The lines of imports, report and Today in the table of the access walk."""

from django.core.files.base import ContentFile

from headway.lib import clock
from headway.sync.models import Conflict, Import
from headway.sync.receiving import receive
from tests.api.walk import Op
from tests.world import World, make_item

FILE = b"Title,Status\nOrder again,To Do\n"
IMPORT, UPLOADED = {"import_id": "tracker_import_id"}, {"import_id": "uploaded_import_id"}

OPERATIONS = {
    "list_imports": Op("import_items"),
    "get_import": Op("import_items", places=IMPORT),
    "list_import_rows": Op("import_items", places=IMPORT),
    "upload_import": Op("import_items", form={"file": FILE}),
    "answer_import": Op("import_items", {"statuses": {"To Do": "doing"}}, places=UPLOADED),
    "start_import": Op("import_items", places=UPLOADED),
    "stop_import": Op("import_items", places=UPLOADED),
    "undo_import": Op("import_items", places=IMPORT, can_do=False),
    "discard_import": Op("import_items", places=UPLOADED),
    "explain_statuses": Op("import_items", {"statuses": {"Odd": "done"}}, places=IMPORT),
    "list_conflicts": Op("import_items"),
    "decide_conflict": Op("import_items", {"choice": "ours"}),
    "get_report": Op("read"),
    "get_today": Op("read"),
}


def places(world: World) -> dict[str, object]:
    values = {"organisation": world.organisation, "team": world.team, "created_at": clock.now()}
    run = Import.objects.create(**values, provider="csv", file_name="old.csv", state="done")
    item = make_item(world.team, "Both changed it")
    conflict = Conflict.objects.create(item=item, run=run, field="title", ours="a", theirs="b")
    uploaded = receive(world.team, ContentFile(FILE, "new.csv"), by=world.ana)
    return {
        "tracker_import_id": run.pk,
        "uploaded_import_id": uploaded.pk,
        "conflict_id": conflict.pk,
    }
