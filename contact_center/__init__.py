"""The contact centre: what can happen.

Read `ARCHITECTURE.md` first. One package per business noun, each importing only those below it;
inside each the same five files: models, rules, queries, actions, api.
"""
