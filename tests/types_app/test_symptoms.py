"""What failed generators say, and what it means."""

from __future__ import annotations

import pytest

from db_migrate.project.symptoms import explain, not_found, timed_out


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (
            "request to https://binaries.prisma.sh/x failed, reason: getaddrinfo ENOTFOUND binaries.prisma.sh",
            "PRISMA_SCHEMA_ENGINE_BINARY",
        ),
        ("Error: P1001\n\nCan't reach database server at `localhost:5432`", "DATABASE_URL"),
        ("connect ECONNREFUSED 127.0.0.1:5432", "could not reach its database"),
        ("Error: P1000: Authentication failed against database server", "user or password"),
        ("Error: P4002 The schema of the introspected database was inconsistent: Cross schema references", '"auth"'),
        ("error: Environment variable not found: DATABASE_URL.", "needs DATABASE_URL"),
        ("DATABASE_URL is not set", "needs DATABASE_URL"),
        ("[ERR_PNPM_IGNORED_BUILDS] Ignored build scripts: prisma", "allowBuilds"),
        ('npm error Missing script: "db:pull"', "no such script"),
        (" ERR_PNPM_NO_SCRIPT  Missing script: db:pull", "no such script"),
        ("/usr/bin/env: ‘node’: No such file or directory", "Node.js was not found"),
        ("env: node: No such file or directory", "Node.js was not found"),
        ("sh: 1: prisma: not found", "dependencies"),
        ("bash: line 1: prisma: command not found", "dependencies"),
        ("Error: Cannot find module 'dotenv'", "dependencies"),
        ("getaddrinfo EAI_AGAIN db.example.com", "host name"),
    ],
)
def test_a_known_symptom_has_a_remedy(output: str, words: str) -> None:
    assert words in explain(output, 1)


def test_an_unknown_failure_says_where_to_look() -> None:
    assert explain("boom", 7) == "It ended with status 7. Its last lines say why."


def test_a_time_out_and_a_missing_program_say_what_to_do() -> None:
    assert "300 seconds" in timed_out(300.0)
    assert "corepack enable pnpm" in not_found("pnpm", "pull")
    assert 'types.pull = ""' in not_found("make", "pull")
