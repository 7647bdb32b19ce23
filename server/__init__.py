"""The coordinator and the operator's tools."""
