"""What `molthub --help` prints. Written by docs/generate.py; do not edit."""

HELP = """\
Usage: molthub [OPTIONS] COMMAND [ARGS]...

  Run a fleet of Moltbots on AWS from manifests in a Git repository.

  Commits are the changes: edit a manifest, look at `molthub plan`, commit,
  and let the controller (or `molthub apply`) make it so.

Options:
  -V, --version         Print the version and exit
  --install-completion  Install completion for the current shell.
  --show-completion     Show completion for the current shell, to copy it or
                        customize the installation.
  -h, --help            Show this message and exit.

Start:
  init        Start a fleet repository
  bootstrap   Make, update or delete what an environment stands on
  doctor      Check everything that an apply needs
  demo        Play the main job in six scenes, against an AWS of its own
  simulator   Serve an AWS of your own on this machine, until Ctrl-C

Check and apply:
  validate    Check manifests and guardrails, without AWS
  render      Print what one manifest becomes on AWS
  plan        Show what would change on AWS
  apply       Make AWS what the manifests of a commit say

Change (each is a commit):
  create      Create an instance from a template, as a commit
  set         Set fields of manifests, as a commit
  edit        Edit an instance's manifest in your editor, as a commit
  label       Set or remove labels, as a commit
  rename      Rename an instance, as a commit
  image       Say which image the Moltbots run
  pause       Stop instances and keep everything else, as a commit
  resume      End a pause, as a commit
  restart     Start instances anew, as a commit
  retry       Try a failed rollout again, as a commit
  abort       Stop a rollout that is under way and go back, as a commit
  rollback    Put an instance back to what it was, as a commit
  delete      Delete instances: their manifests, as a commit
  reconcile   Ask the controller to look at instances now
  propose     Propose a change of one manifest, on a branch of its own
  template    What instances can be made of

Look:
  status      Show how the instances are doing
  drift       Show where AWS is not as it was applied
  wait        Wait until instances are where they should be
  explain     Explain a reference, or why an instance is as it is
  logs        Show what a Moltbot wrote
  events      Show what happened, in one timeline
  webhook     Call a Moltbot that takes webhooks

Look back:
  history     Show the versions of an instance: who changed what, and when
  diff        Show what differs between two commits of the fleet, in meaning
  blame       Show who made each field of an instance what it is, and when
  audit       Show who did what to the fleet, newest first

Secrets, state and access:
  secret      Set, link, list, rotate and delete secrets
  backup      Back an instance's state up now
  restore     Put a backup in the place of an instance's state
  access      Who may change what

Run Molthub:
  controller  Run the controller
  db          Look at the controller's database, and upgrade it

Tools:
  schema      Print the JSON Schema of the manifests
  completion  Print the shell's completion script
  version     Print the version of Molthub and of Python

  Exit codes: 0 done, 1 failed, 2 wrong usage (or changes, with --detailed-
  exitcode), 3 try again later, 70 a bug, 130 interrupted.
"""
