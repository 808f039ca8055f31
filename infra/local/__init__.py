"""The whole thing on one machine: emulated AWS, a mail door, the API, queues and clock in one process."""
