"""What `guiji check` says of the standards: can every version, also one not yet in force, be read and obeyed?"""

from collections.abc import Iterator

from schemas.errors import GuijiError


def standard_problems() -> Iterator[GuijiError]:
    """One error for each version that cannot be read, and for each record type that cannot be judged by it."""
    from expectations.record_rules import compile_rules
    from schemas.standard import code_list, standard
    from schemas.version_files import names, versions

    for name, version in [(owner, version) for owner in names() for version in versions(owner)]:
        try:
            found = standard(name, version)
        except GuijiError as error:
            yield error
            continue
        for kind in found.record_types.values():
            try:
                compile_rules(kind.schema, f"{name}/{version}/{kind.name}")
                for codes in sorted({field.codes for field in kind.fields if field.codes}):
                    code_list(name, version, codes)
            except GuijiError as error:
                yield error
