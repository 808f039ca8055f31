"""The only importer of PynamoDB: rows, keys, one file per subject. No function without the shop."""
