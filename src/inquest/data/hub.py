"""The Hugging Face hub: data sets as rows, models as folders; what is in the user's cache needs no network.

A hub that can't be reached is found out by one request of a few seconds; its libraries would try for long.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from inquest.artefacts import atomic
from inquest.data.checksums import compare
from inquest.data.packages import reason, without_credentials
from inquest.errors import InquestError, listing, nearest

if TYPE_CHECKING:
    from datasets import Dataset

TIMEOUT = 10  # seconds that the hub has for its first answer
ROWS = 50_000  # rows that are held in memory at a time
MODEL_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
LISTED = re.compile(r"(?:Available|available configs|Should be one of):? (\[.*?\])", re.DOTALL)


def fetch_rows(source: Mapping[str, Any], target: Path) -> dict[str, Any]:
    """Write the rows of a data set as Parquet, with the names of its labels.

    Parameters
    ----------
    source : mapping
        ``dataset``, a name on the hub or a local folder (of files, or as ``save_to_disk`` writes it);
        ``split``; ``configuration``, ``revision`` and ``sha256`` may be None.
    target : Path
        The Parquet file; it appears whole or not at all.

    Returns
    -------
    dict
        ``place`` (on the hub, with the commit), ``member`` (configuration and split), ``filename``,
        ``sha256`` of the rows as JSON Lines with sorted keys, and ``bytes`` of the Parquet file.

    Raises
    ------
    InquestError
        If there is no such data set, configuration or split, if the hub can't be reached and the cache has
        nothing, or if the rows are others than pinned.
    """
    name, member = source["dataset"], "/".join(filter(None, (source["configuration"], source["split"])))
    where = f"source `{without_credentials(name)}`, split `{member}`"
    local = Path(name).expanduser()
    with tempfile.TemporaryDirectory(prefix="inquest-") as cache, atomic(target) as part:
        if local.is_dir():
            place, found = name, _load(source, where, str(local.resolve()), None, cache, None)
        elif name.startswith((".", "/", "~")) or name.count("/") > 1:
            raise InquestError(where, "there is no such folder", "a folder, or a name on the hub, is needed")
        else:
            commit, why = _ask(name, source["revision"], "dataset", where)
            revision = commit or source["revision"]
            with _offline() if why else contextlib.nullcontext():
                found = _load(source, where, name, revision, None, why)
            place = "@".join(filter(None, (name, revision)))
        digest = _write_rows(found, part)
        size = part.stat().st_size
        if source["sha256"]:
            compare(digest, size, source["sha256"], where)
    return {"place": place, "member": member, "filename": Path(name).name, "sha256": digest, "bytes": size}


def snapshot(name: str, revision: str | None, where: str) -> tuple[Path, str]:
    """Return the folder in the user's cache with a model's files, and their commit."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    _, why = _ask(name, revision, "model", where)
    try:
        # what lies in folders below is the same model in other formats
        folder = snapshot_download(
            name,
            revision=revision,  # not the commit: the cache is to know under which name it was asked for
            allow_patterns=MODEL_FILES,
            ignore_patterns=["*/*"],
            local_files_only=bool(why),
        )
    except LocalEntryNotFoundError as error:
        raise _unreachable(where, why) from error
    return Path(folder), Path(folder).name


def _ask(name: str, revision: str | None, kind: str, where: str) -> tuple[str | None, str | None]:
    """Ask the hub for the commit of a revision; return it, or why the hub can't be reached."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        about = HfApi().repo_info(name, revision=revision, repo_type=kind, timeout=TIMEOUT)
    except GatedRepoError:
        found, allowed = "its owner grants access on request", "ask on its page, then `hf auth login`"
    except RevisionNotFoundError:
        found, allowed = f"it has no revision {revision!r}", "a commit, tag or branch is needed"
    except RepositoryNotFoundError:
        found = f"the hub has no such {kind}, or not for you"
        allowed = "check the name, or log in with `hf auth login`"
    except Exception as error:  # of whichever library the hub's own connects with
        said = str(error)
        return None, "offline mode" if "offline mode" in said else reason(said) or type(error).__name__
    else:
        return about.sha, None
    raise InquestError(where, found, allowed)


def _unreachable(where: str, why: str | None) -> InquestError:
    found = f"the hub can't be reached ({why}), and the cache does not have it"
    return InquestError(where, found, "check the network, or give a folder of your own")


@contextlib.contextmanager
def _offline() -> Iterator[None]:
    """Let `datasets` look into its cache at once; it would ask a hub that can't be reached for 20 seconds."""
    import datasets
    import huggingface_hub

    switches = (datasets.config, huggingface_hub.constants)
    before = [module.HF_HUB_OFFLINE for module in switches]
    for module in switches:
        module.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        for module, value in zip(switches, before, strict=True):
            module.HF_HUB_OFFLINE = value


def _load(
    source: Mapping[str, Any], where: str, path: str, revision: str | None, cache: str | None, why: str | None
) -> Dataset:
    """Return one split; a folder of one's own goes through a cache that is not kept."""
    import datasets

    if (Path(path) / "state.json").exists() or (Path(path) / "dataset_dict.json").exists():
        saved = datasets.load_from_disk(path)
        splits = saved if isinstance(saved, dict) else {str(saved.split or "train"): saved}
        if source["split"] not in splits:
            raise _other_names(where, "split", source["split"], list(splits))
        return splits[source["split"]]
    try:
        return datasets.load_dataset(
            path, source["configuration"], split=source["split"], revision=revision, cache_dir=cache
        )
    except ValueError as error:
        listed = LISTED.search(str(error))
        if not listed:
            raise
        kind = "split" if "split" in str(error).lower() else "configuration"
        raise _other_names(where, kind, source[kind], re.findall(r"'([^']*)'", listed[1])) from error
    except datasets.exceptions.DatasetNotFoundError as error:
        raise InquestError(where, "there is no such data set", "check the name") from error
    except ConnectionError as error:
        raise _unreachable(where, why or reason(str(error)) or type(error).__name__) from error
    except (OSError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        found = f"`datasets` can't load it ({str(error.__cause__ or error).splitlines()[0]})"
        raise InquestError(where, found, "a data set that it can load is needed") from error


def _other_names(where: str, kind: str, given: str | None, names: list[str]) -> InquestError:
    found = f"it has no {kind} {given!r}{nearest(given, names)}" if given else f"the {kind} is missing"
    return InquestError(where, found, f"it has {listing(names)}")


def _write_rows(found: Dataset, path: Path) -> str:
    """Write the rows as Parquet, with the names of labels for their numbers; return their checksum."""
    from datasets import ClassLabel

    names = {key: kind.names for key, kind in found.features.items() if isinstance(kind, ClassLabel)}
    digest, writer = hashlib.sha256(), None
    for rows in found.with_format("arrow").iter(batch_size=ROWS):
        for key, labels in names.items():
            at = rows.column_names.index(key)
            codes = [
                labels[code] if code is not None and code >= 0 else None for code in rows[key].to_pylist()
            ]
            rows = rows.set_column(at, key, pa.array(codes, pa.string()))  # -1 stands for no label
        rows = rows.replace_schema_metadata(None)
        writer = writer or pq.ParquetWriter(path, rows.schema)
        writer.write_table(rows)
        for row in rows.to_pylist():
            digest.update(json.dumps(row, sort_keys=True, ensure_ascii=False, default=str).encode())
            digest.update(b"\n")
    if writer is None:
        pq.write_table(pa.table({name: pa.array([], pa.string()) for name in found.column_names}), path)
    else:
        writer.close()
    return digest.hexdigest()
