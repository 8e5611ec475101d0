"""File systems (EFS) and their backups (AWS Backup): moto's objects, with the time, the states and the refusals of AWS.

What a file system holds is a list of marks, so that tests can tell whose state it is: each image whose gateway ran on
it leaves its mark, a recovery point keeps the marks of its moment, and a restored file system begins with them.
"""
