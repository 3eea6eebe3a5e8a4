"""The throwaway Postgres on which plans are rehearsed."""
