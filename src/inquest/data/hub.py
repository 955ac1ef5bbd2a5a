"""The Hugging Face hub: data sets as rows, models as folders; what is in the user's cache needs no network.

A hub that can't be reached is found out by one request of a few seconds; its libraries would try for long.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
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
from inquest.runtime import FULL

if TYPE_CHECKING:
    from datasets import Dataset

TIMEOUT = 10  # seconds that the hub has for its first answer
ROWS = 50_000  # rows that are held in memory at a time
MODEL_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
GATED = ("its owner grants access on request", "ask on its page, then `hf auth login`")
LISTED = re.compile(r"(?:Available|available configs|Should be one of):? (\[.*?\])", re.DOTALL)


def fetch_rows(source: Mapping[str, Any], target: Path) -> dict[str, Any]:
    """Write the rows of a data set as Parquet, with the names of its labels.

    Parameters
    ----------
    source : mapping
        ``dataset``, a name on the hub or a local folder (of files, or as ``save_to_disk`` writes it);
        ``~`` stands for the home folder; ``split``; ``configuration``, ``revision`` and ``sha256`` may be
        None.
    target : Path
        The Parquet file; it appears whole or not at all.

    Returns
    -------
    dict
        ``place`` (on the hub, with the commit that was loaded, from there or from the cache), ``member``
        (configuration and split), ``filename``, ``sha256`` of the rows as JSON Lines with sorted keys, and
        ``bytes`` of the Parquet file.

    Raises
    ------
    InquestError
        If there is no such data set, configuration, revision or split, if it can't be loaded, if the hub
        can't be reached and the cache does not have it, or if the rows are others than pinned.
    """
    name, member = source["dataset"], "/".join(filter(None, (source["configuration"], source["split"])))
    where = f"source `{without_credentials(name)}`, split `{member}`"
    local = Path(os.path.expanduser(name))
    with tempfile.TemporaryDirectory(prefix="inquest-") as cache, atomic(target) as part:
        if local.is_dir():
            place, found = name, _from_folder(source, where, str(local.resolve()), cache)
        elif name.startswith((".", "/", "~")) or name.count("/") > 1:
            raise InquestError(where, "there is no such folder", "a folder, or a name on the hub, is needed")
        else:
            found, commit = _from_hub(source, where)
            place = f"{name}@{commit}"
        digest = _write_rows(found, part)
        size = part.stat().st_size
        if source["sha256"]:
            compare(digest, size, source["sha256"], where)
    return {"place": place, "member": member, "filename": Path(name).name, "sha256": digest, "bytes": size}


def snapshot(name: str, revision: str | None, where: str) -> tuple[Path, str]:
    """Return the folder in the user's cache with a model's files, and their commit."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HTTPError, LocalEntryNotFoundError

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
        raise _unreachable(where, why or _why(error.__cause__ or error)) from error
    except GatedRepoError as error:
        raise InquestError(where, *GATED) from error
    except (HTTPError, OSError, RuntimeError) as error:
        if isinstance(error, PermissionError) or any(full in str(error) for full in FULL):
            raise
        found = f"the download broke off ({reason(str(error)) or _first_line(error)})"
        raise InquestError(where, found, "start again; what was fetched whole is kept") from error
    return Path(folder), Path(folder).name


def _ask(name: str, revision: str | None, kind: str, where: str) -> tuple[str | None, str | None]:
    """Ask the hub for the commit of a revision; return it, or why the hub can't be asked.

    The user's cache is told which commit the revision is, as by any download.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        HfApi().repo_info(name, revision=revision, repo_type=kind, timeout=TIMEOUT)
        return HfApi().resolve_revision(name, revision=revision, repo_type=kind).resolved, None
    except HFValidationError:
        found, allowed = "no name on the hub is like this", "owner/name is needed, or a folder that is there"
    except GatedRepoError:
        found, allowed = GATED
    except RevisionNotFoundError:
        found, allowed = f"it has no revision {revision!r}", "a commit, tag or branch is needed"
    except RepositoryNotFoundError:
        found = f"the hub has no such {kind}, or not for you"
        allowed = "check the name, or log in with `hf auth login`"
    except Exception as error:  # of whichever library the hub's own connects with
        return None, _why(error)
    raise InquestError(where, found, allowed)


def _why(error: BaseException) -> str:
    """Return what is the matter with the hub."""
    if (response := getattr(error, "response", None)) is not None:
        return f"answers {response.status_code} {response.reason_phrase}".rstrip()
    said = str(error)
    known = "offline mode" if "offline mode" in said else reason(said)
    return f"can't be reached ({known or type(error).__name__})"


def _unreachable(where: str, why: str) -> InquestError:
    found = f"the hub {why}, and the cache does not have it"
    todo = "try again later" if why.startswith("answers") else "check the network"
    return InquestError(where, found, f"{todo}, or give a folder of your own")


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


def _from_hub(source: Mapping[str, Any], where: str) -> tuple[Dataset, str]:
    """Return one split of a data set on the hub or in the user's cache, and the commit that it is of."""
    import datasets

    name, configuration = source["dataset"], source["configuration"]
    commit, why = _ask(name, source["revision"], "dataset", where)
    wanted = commit or _remembered(name, source["revision"])
    if source["revision"] and not wanted:
        raise _unreachable(where, why)
    with _one_line(source, where, why), _offline() if why else contextlib.nullcontext():
        builder = datasets.load_dataset_builder(name, configuration, revision=commit)
        if wanted and builder.hash != wanted:  # without the hub, `datasets` takes what the cache has newest
            if Path(builder.cache_dir).with_name(wanted).is_dir():
                builder = type(builder)(
                    repo_id=name,
                    dataset_name=builder.dataset_name,
                    config_name=builder.config.name,
                    version=str(builder.config.version),
                    hash=wanted,
                )
            elif source["revision"] or not why:
                raise _unreachable(where, why or "can't be reached any more")
        builder.download_and_prepare()
        return builder.as_dataset(split=source["split"]), builder.hash


def _remembered(name: str, revision: str | None) -> str | None:
    """Return the commit that a revision was when the cache last heard of it."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RevisionResolutionError

    with contextlib.suppress(RevisionResolutionError):
        known = HfApi().resolve_revision(name, revision=revision, repo_type="dataset", local_files_only=True)
        return known.resolved
    return None


def _from_folder(source: Mapping[str, Any], where: str, path: str, cache: str) -> Dataset:
    """Return one split of a folder of one's own; it goes through a cache that is not kept."""
    import datasets

    configuration, split = source["configuration"], source["split"]
    if not any(Path(path, name).exists() for name in ("state.json", "dataset_dict.json")):
        with _one_line(source, where, None):
            return datasets.load_dataset(path, configuration, split=split, cache_dir=cache)
    if configuration:
        found = f"found the configuration {configuration!r}"
        raise InquestError(where, found, "a folder written by `save_to_disk` has none")
    try:
        saved = datasets.load_from_disk(path)
    except Exception as error:  # it trusts the files, and fails at whatever they lack
        found = f"`datasets` can't load it ({type(error).__name__}: {_first_line(error)})"
        raise InquestError(where, found, "a whole folder is needed, as `save_to_disk` writes it") from error
    splits = saved if isinstance(saved, dict) else {str(saved.split or "train"): saved}
    if split not in splits:
        raise _other_names(where, "split", split, list(splits))
    return splits[split]


@contextlib.contextmanager
def _one_line(source: Mapping[str, Any], where: str, why: str | None) -> Iterator[None]:
    """Say in one line what `datasets` can't do."""
    import datasets

    try:
        yield
    except datasets.exceptions.DatasetNotFoundError as error:
        raise InquestError(where, "there is no such data set", "check the name") from error
    except ConnectionError as error:
        raise _unreachable(where, why or _why(error)) from error
    except (OSError, RuntimeError, ValueError, datasets.exceptions.DatasetsError) as error:
        listed = LISTED.search(str(error)) if isinstance(error, ValueError) else None
        if listed:
            kind = "split" if "split" in str(error).lower() else "configuration"
            raise _other_names(where, kind, source[kind], re.findall(r"'([^']*)'", listed[1])) from error
        found = f"`datasets` can't load it ({_first_line(error.__cause__ or error)})"
        raise InquestError(where, found, "a data set that it can load is needed") from error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


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
