"""The checks, one function each: returns what holds, in Chinese and English; raises Broken or NotShown.

Part of the verifier (evidence/single.py). What each means: docs/evidence.md.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from evidence.container import FORMAT, Bundle, leaf_data, pack, unhex
from evidence.notes import Note
from evidence.proofs import HASHES, NotShown, canonical, consistent, demand, digest, inclusion_root, root

FILES = {"statement.json", "members.jsonl", "request.bin", "log/checkpoint.note", "log/previous.note", "log/proof.json"}
FOLDERS = ("receipts/", "log/handovers/")
READ = ("rest", "table", "files")  # ways to a receiver whose answers all have one form
ENTRIES = ({"member", "salt"}, {"member", "salt", "record"}, set(HASHES))
Said = tuple[str, str]


def check_container(b: Bundle) -> Said:
    demand(
        pack(b.files) == b.raw, "封装字节被改动（内容见下）", "the container's bytes were changed (contents: see below)"
    )
    strange = [name for name in b.files if name not in FILES and not name.startswith(FOLDERS)]
    demand(not strange, "含有不认识的文件", "holds a file that does not belong there")
    return "封装完好", "the container is as it was made"


def check_statement(b: Bundle) -> Said:
    demand(b.statement["format"] == FORMAT, "格式版本不认识", "the format is not known")
    for name, data in (("statement.json", b.statement), ("log/proof.json", b.proof)):
        demand(canonical(data) == b.file(name), f"{name} 写法不规范", f"{name} is not in its one form")
    if "members.jsonl" not in b.files:
        return "声明可读", "the statement can be read"
    lines = b"".join(canonical(m) + b"\n" for m in b.members)
    demand(all(set(m) in ENTRIES for m in b.members), "members.jsonl 多出内容", "members.jsonl holds more than it may")
    demand(lines == b.file("members.jsonl"), "members.jsonl 写法不规范", "members.jsonl is not in its one form")
    return "声明可读", "the statement can be read"


def _same(data: bytes, said: dict[str, Any], chinese: str, english: str) -> None:
    demand(len(data) == said["bytes"], f"{chinese}：长度不符", f"{english}: the length differs")
    for name in HASHES:
        demand(digest(name, data).hex() == said[name], f"{chinese}：{name} 不符", f"{english}: {name} differs")


def check_request(b: Bundle) -> Said:
    if "request.bin" not in b.files:
        raise NotShown("请求原文（隐去其他记录）", "the request (other records are left out)")
    _same(b.files["request.bin"], b.statement["request"], "请求原文被改动", "the request was changed")
    return "请求原文逐字节未变", "the request is byte for byte what was sealed"


def check_receipts(b: Bundle) -> Said:
    said, shown = b.statement["receipts"], b.receipts
    if "request.bin" not in b.files and not shown:
        raise NotShown("回执原文（可能提及其他记录）", "the receipts (they may speak of other records)")
    demand(len(said) == len(shown), "回执数目不符", "the number of receipts differs")
    for receipt, data in zip(said, shown, strict=True):
        _same(data, receipt, f"回执 {receipt['number']} 被改动", f"receipt {receipt['number']} was changed")
    return f"{len(shown)} 份回执原文未变", f"{len(shown)} receipts are verbatim"


def check_key(b: Bundle) -> Said:
    """The idempotency key is a digest of receiver, profile, records and exact bytes: who confirms it confirms those."""
    if "request.bin" not in b.files:
        raise NotShown("报送键的由来（须全部记录）", "what the delivery's key is made of (needs every record)")
    rows = [entry["member"] for entry in b.members]
    members = b"\n".join("\0".join((m["key"], str(m["revision"]), m["operation"])).encode() for m in rows)
    said, records = b.statement, digest("sha256", b"root1\0" + members).hex()
    parts = ("idk2", said["receiver"], said["profile"], records, digest("sha256", b.files["request.bin"]).hex())
    same = digest("sha256", "\0".join(parts).encode()).hex() == said["delivery"]
    demand(same, "报送键不是由这些内容算出的", "the delivery's key is not made of these contents")
    return (
        "报送键由接收方、字段表、记录与原文算出",
        "the delivery's key is made of receiver, profile, records and bytes",
    )


def check_answer(b: Bundle) -> Said:
    """The receiver's own words: which delivery, how many, and what became of each record."""
    acked = [data for receipt, data in zip(b.statement["receipts"], b.receipts, strict=False)
             if receipt["verdict"] == "acked"]  # fmt: skip
    if not acked:
        raise NotShown("接收方的答复", "the receiver's answer")
    if b.statement["method"] not in READ:
        raise NotShown(
            "接收方答复的含义（此类接收方的答复须人工阅读）",
            "what the answer means (of a receiver of this kind: to be read)",
        )
    body = json.loads(acked[-1].partition(b"\r\n\r\n")[2])
    demand(body["key"] == b.statement["delivery"], "回执说的是别的报送", "the receipt speaks of another delivery")
    demand(body["count"] == b.statement["count"], "回执条数不符", "the receipt has another count")
    words = {row["seq"]: row["status"] for row in body["results"]}
    ours = {entry["member"]["position"]: entry["member"]["outcome"] for entry in b.members}
    demand(
        len(words) == len(body["results"]) and ours == words,
        "逐条结果与回执不符",
        "the receipt says otherwise of a record",
    )
    taken = sum(status == "accepted" for status in words.values())
    return f"接收方确认收到本报送，{taken} 条接受、{len(words) - taken} 条退回", \
        f"the receiver names this delivery: {taken} accepted, {len(words) - taken} rejected"  # fmt: skip


def _leaves(b: Bundle) -> Iterator[dict[str, bytes]]:
    lines = b.files["request.bin"].split(b"\n") if "request.bin" in b.files else []
    by_line = b.statement["records"] == "lines"
    for position, entry in enumerate(b.members):
        if "member" not in entry:
            yield dict(zip(HASHES, unhex([entry[name] for name in HASHES]), strict=True))
            continue
        member, salt = entry["member"], unhex([entry["salt"]])[0]
        demand(member["position"] == position and len(salt) == 16, "记录次序不符", "a record is out of its place")
        line = entry["record"].encode() if "record" in entry else lines[position] if by_line else b""
        demand(not by_line or _speaks_of(line, member), "请求行与记录不符", "a line of the request is another record")
        yield {name: digest(name, b"\0" + leaf_data(member, salt, line)) for name in HASHES}


def _speaks_of(line: bytes, member: dict[str, Any]) -> bool:
    """The envelope on the line names the record's key, revision and operation."""
    said = json.loads(line)
    revoked = (said.get("cd_operation") == "d") == (member["operation"] == "revoke")
    return str(said["cd_id"]).endswith(":" + member["key"]) and said["cd_revision"] == member["revision"] and revoked


def check_members(b: Bundle) -> Said:
    if not {"members.jsonl", "request.bin"} & set(b.files):
        raise NotShown("逐条记录（已销毁或不出示）", "the records (destroyed, or kept back)")
    count, leaves = b.statement["count"], list(_leaves(b))
    demand(len(leaves) == count, "记录条数不符", "the number of records differs")
    if "request.bin" in b.files and b.statement["records"] == "lines":
        demand(b.files["request.bin"].count(b"\n") == count, "请求行数不符", "the request has another number of lines")
    for name in HASHES:
        same = root(name, [leaf[name] for leaf in leaves]).hex() == b.statement["members"][name]
        demand(same, f"记录树根不符（{name}）", f"the records' root differs ({name})")
    shown = sum("member" in entry for entry in b.members)
    return f"{count} 条记录逐条在内，{shown} 条可见", f"all {count} records are bound one by one; {shown} shown"


def check_included(b: Bundle) -> Said:
    note, index = b.checkpoint, b.proof["index"]
    demand(type(index) is int, "序号不是整数", "the index is no whole number")
    for name in HASHES:
        leaf, path = digest(name, b"\0" + b.file("statement.json")), unhex(b.proof["inclusion"][name])
        same = inclusion_root(name, index, note.size, leaf, path) == note.root(name)
        demand(same, f"不在检查点之内（{name}）", f"is not in the checkpoint ({name})")
    return f"在检查点 {note.number} 之内（第 {index + 1} / {note.size} 项）", \
        f"is entry {index + 1} of {note.size} in checkpoint {note.number}"  # fmt: skip


def check_signed(b: Bundle) -> Said:
    b.checkpoint.check_signatures()
    said = f"{' + '.join(b.checkpoint.algorithms)}, {b.checkpoint.parts['time']}"
    return f"检查点签名有效（{said}）", "the checkpoint's signatures hold; the time is the signer's word"


def check_chained(b: Bundle) -> Said:
    note = b.checkpoint
    if note.number == 1:
        first = note.parts["previous"] == "none" and "log/previous.note" not in b.files
        demand(
            first and not any(b.proof["consistency"].values()), "首个检查点却有前一个", "the first names an earlier one"
        )
        return "这是首个检查点", "this is the first checkpoint"
    before = Note(b.file("log/previous.note"))
    before.check_signatures()
    follows = before.number == note.number - 1 and before.parts["origin"] == note.parts["origin"]
    demand(follows and note.parts["previous"] == before.digests, "与前一检查点不相接", "does not follow the one before")
    for name in HASHES:
        proof = unhex(b.proof["consistency"][name])
        grown = consistent(name, before.size, note.size, before.root(name), note.root(name), proof)
        demand(grown, f"前一检查点的内容被改写（{name}）", f"rewrites what the one before held ({name})")
    return f"接续检查点 {before.number}，未改写其内容", f"continues checkpoint {before.number} without rewriting it"


def check_trusted(b: Bundle, trust: Sequence[str]) -> Said:
    """A key of the checkpoint is trusted, or a trusted key signed a checkpoint that names it further down.

    A key vouches for those named after it, never for those before: an old key that leaked gains nothing from its
    successor's good name.
    """
    keys, known = b.checkpoint.keys, set(trust)
    said = " ".join(keys)
    demand(
        trust, f"签名公钥未与公布的比对：{said}", f"the key was not compared with the published one (--trust): {said}"
    )
    for note in [*b.handovers, b.checkpoint]:
        note.check_signatures()
        ours = note.number <= b.checkpoint.number and note.parts["origin"] == b.checkpoint.parts["origin"]
        demand(ours, "换钥记录不属于本链", "a change of keys is of another chain")
        first = next((place for place, key in enumerate(note.keys) if key in known), len(note.keys))
        known |= set(note.keys[first:])
    demand(known & set(keys), f"签名公钥不受信任：{said}", f"the key is not one that is trusted: {said}")
    direct = set(trust) & set(keys)
    return ("签名公钥受信任", "the key is trusted") if direct else (
        "签名公钥经旧钥移交而受信任", "the key is trusted because a trusted key handed over to it")  # fmt: skip


def check_published(b: Bundle, published: str) -> Said:
    notes = [b.checkpoint] + [Note(b.files[n]) for n in ("log/previous.note",) if n in b.files] + b.handovers
    found = [note.number for note in notes if published in note.digests.split()]
    demand(found, "公布的检查点不在本包之内", "the published checkpoint is not one of this bundle's")
    return f"与公布的检查点 {found[0]} 相同", f"agrees with the published checkpoint {found[0]}"
