"""The pipeline's steps, called by every command and by the controller.

load     snapshot → documents                      (Git, then pure)
check    documents → verdicts of the guardrails     (pure)
render   instance + facts → desired resources       (pure)
observe  environment → what AWS has                 (AWS, reads only)
plan     desired × observed × now → plan            (pure)
apply    plan → AWS, in order, crash-safe           (AWS, writes)
record   events and statuses → whoever asked        (the caller's recorder)
"""
