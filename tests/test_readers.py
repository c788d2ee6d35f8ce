"""Every function that reads a file is tried with files that are wrong, or reads what one process of ours hands another.

A new one fails this test until it is in the table, which is when its fuzzer is to be written.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import readers

HERE = Path(__file__).parent
TRIED = {  # test file -> the functions that it gives wrong files
    "onepage/core/test_written_files_fuzz.py": """
        onepage/core/config.py:_is_root onepage/core/toml_source.py:read_bytes onepage/core/toml_source.py:read_text
        onepage/scripts/percent.py:read_text""",
    "onepage/faults/test_harmed_files.py": """
        onepage/core/files.py:digest onepage/core/files.py:is_own onepage/core/files.py:write_if_changed
        onepage/core/places.py:_is_older_build onepage/core/sealed.py:load
        onepage/observing/observations.py:load onepage/page/pagestate.py:wanted onepage/plan/planfile.py:Plan.inputs
        onepage/plan/planfile.py:fault onepage/plan/planfile.py:identity onepage/plan/planfile.py:load
        onepage/plan/planfile.py:seal onepage/plan/reasons.py:because onepage/plan/reasons.py:page_reasons
        onepage/plan/store.py:fault onepage/publishing/records.py:records onepage/review/outputs.py:Media.left
        onepage/review/render.py:_held onepage/review/render.py:_held.hashed
        onepage/review/render.py:prepare
        onepage/check/check.py:integrity onepage/check/demands_work.py:_file
        onepage/check/demands_work.py:_spacing onepage/review/again.py:_is_ours_with
                spokenlang/corpus/espeak/strangers.py:load""",
    "onepage/faults/test_interruptions.py": """
        onepage/core/files.py:_is_begun spokenlang/corpus/workplace.py:_is_begun""",
    "onepage/faults/test_hostile_files.py": """
        onepage/context.py:_from_plan onepage/core/places.py:_proves_itself onepage/core/places.py:forget_failure
        onepage/core/places.py:manifest onepage/core/repository.py:_common onepage/core/repository.py:_own
        onepage/core/repository.py:watched onepage/course/submission.py:_is_own
        onepage/execute/progress.py:_last_seconds onepage/execute/progress.py:in_execution
        onepage/execute/progress.py:took onepage/page/results.py:load_results onepage/page/tree/pictures.py:_kind
        onepage/plan/uses.py:branch onepage/plan/uses.py:known onepage/tools/compare.py:_picture
        onepage/tools/verify.py:_first_difference onepage/tools/verify.py:compare_folders""",
    "onepage/plan/test_bucket.py": "onepage/plan/bucket.py:Bucket.put onepage/plan/bucket.py:Bucket._unpack",
    "onepage/faults/test_hostile_requests.py": "onepage/tools/serve.py:Handler.do_GET",
    "onepage/course/test_handed_in.py": """
        onepage/course/handed_in.py:unwritten onepage/course/submission.py:contents
        onepage/check/demands_work.py:_code""",
    "spokenlang/test_hostile_files.py": """
        spokenlang/corpus/array_files.py:_load spokenlang/corpus/arrays.py:read_languages
        spokenlang/corpus/arrays.py:require_rate spokenlang/corpus/ingest/containers.py:kind
        spokenlang/corpus/ingest/containers.py:whole spokenlang/corpus/ingest/decoding.py:Decoding._blocks
        spokenlang/corpus/ingest/decoding.py:Decoding._by_av spokenlang/corpus/ingest/tables.py:_text
        spokenlang/corpus/metadata.py:_rows spokenlang/corpus/store.py:ClipStore.fingerprint
        spokenlang/deploy/archives.py:record spokenlang/deploy/export.py:load_torchscript
        spokenlang/training/checkpoint.py:load_tensors spokenlang/training/runs.py:TrainedRun.history
        spokenlang/training/runs.py:_record spokenlang/training/runs.py:read_config
        spokenlang/training/search.py:read_trials spokenlang/corpus/importer.py:_require_ours
        spokenlang/deploy/tables.py:require_replaceable spokenlang/corpus/workplace.py:is_ours
        spokenlang/training/features.py:_known""",
    "spokenlang/test_harmed_work.py": """
        spokenlang/corpus/espeak/chunks.py:_array spokenlang/corpus/espeak/chunks.py:read_manifest
        spokenlang/corpus/espeak/chunks.py:record spokenlang/corpus/espeak/recipe.py:_layout
        spokenlang/corpus/espeak/recipe.py:_reads spokenlang/corpus/ingest/parts.py:_digest
        spokenlang/corpus/ingest/parts.py:_record spokenlang/corpus/ingest/parts.py:clips
        spokenlang/corpus/ingest/parts.py:resumes spokenlang/corpus/ingest/parts.py:_beside
        spokenlang/corpus/ingest/parts.py:make""",
}
INNER = {  # why there is nothing to try -> the functions
    "written a moment ago, by this process or by one that it started, in a folder that is theirs alone": """
        onepage/context.py:_from_file onepage/execute/execute.py:_papermill onepage/execute/ledger.py:observed
        onepage/execute/shell.py:Program.__init__ onepage/execute/spawned.py:_run onepage/execute/spawned.py:support
        onepage/observing/hook.py:start onepage/review/render.py:render_failed
        onepage/page/layout/measure.py:blank onepage/page/layout/drawn.py:_width
        onepage/page/layout/glyphs.py:_published
        onepage/page/layout/html_writer.py:data_uri onepage/publish.py:file spokenlang/corpus/convert.py:_convert
        spokenlang/corpus/copies.py:in_store spokenlang/corpus/helpers.py:Helpers.complaint
        spokenlang/corpus/ingest/parts.py:main spokenlang/deploy/export.py:save_onnx
        spokenlang/deploy/export.py:save_torchscript spokenlang/deploy/scripting.py:script
        onepage/tools/compare.py:_write_files""",
    "a file of the package itself, or of one that is installed": """
        spokenlang/corpus/espeak/voices.py:_measured
        onepage/review/pages.py:static onepage/review/render.py:_own_digest onepage/tools/start/init.py:contents
        onepage/tools/start/rules.py:main spokenlang/corpus/espeak/recipe.py:describe
        spokenlang/corpus/ingest/parts.py:Plan.describe""",
    "the script that Python itself is about to run": """
        onepage/context.py:_enter onepage/execute/shell.py:PythonShell._become_main
        onepage/observing/children.py:_flags_of_script""",
}


def named(table: dict[str, str]) -> list[str]:
    return [name for names in table.values() for name in names.split()]


def test_every_reader_is_in_the_table_once() -> None:
    listed = named(TRIED) + named(INNER)
    assert len(listed) == len(set(listed))
    assert readers.found() == set(listed)


@pytest.mark.parametrize("name", TRIED)
def test_the_table_names_tests_that_are_there(name: str) -> None:
    assert "def test_" in (HERE / name).read_text(encoding="utf-8")


def test_nothing_is_ever_unpickled() -> None:
    """No pickle, no code: neither named nor let through by numpy and torch."""
    for path in sorted(readers.SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert "import pickle" not in text, path
        assert "torch.load(" not in text, path
        assert "joblib" not in text, path
        assert "allow_pickle=True" not in text, path
        assert "yaml.load(" not in text, path
