"""Static files under names that carry their hash: browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStatic(CompressedManifestStaticFilesStorage):
    """Rewrites `import … from "./x.js";` of our ES modules too (each import ends in a semicolon for that)."""

    support_js_module_import_aggregation = True
