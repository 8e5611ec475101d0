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

Commands:
  init        Start a fleet repository
  validate    Check manifests and guardrails, without AWS
  render      Print what one manifest becomes on AWS
  bootstrap   Make, update or delete what an environment stands on
  plan        Show what would change on AWS
  apply       Make AWS what the manifests of a commit say
  status      Show how the instances are doing
  create      Create an instance from a template, as a commit
  set         Set fields of manifests, as a commit
  edit        Edit an instance's manifest in your editor, as a commit
  rename      Rename an instance, as a commit
  delete      Delete instances: their manifests, as a commit
  label       Set or remove labels, as a commit
  propose     Propose a change of one manifest, on a branch of its own
  pause       Stop instances and keep everything else, as a commit
  resume      End a pause, as a commit
  restart     Start instances anew, as a commit
  retry       Try a failed rollout again, as a commit
  abort       Stop a rollout that is under way and go back, as a commit
  rollback    Put an instance back to what it was, as a commit
  reconcile   Ask the controller to look at instances now
  wait        Wait until instances are where they should be
  logs        Show what a Moltbot wrote
  drift       Show where AWS is not as it was applied
  backup      Back an instance's state up now
  restore     Put a backup in the place of an instance's state
  events      Show what happened, in one timeline
  history     Show the versions of one instance: who changed what, when,...
  diff        Show what differs between two commits of the fleet, in meaning
  blame       Show who made each field of an instance what it is, and when
  audit       Show who did what to the fleet, newest first
  explain     Explain a reference, or why an instance is as it is
  doctor      Check everything that an apply needs
  demo        Play the main job in six scenes, against an AWS of its own
  simulator   Serve an AWS of your own on this machine, until Ctrl-C
  schema      Print the JSON Schema of the manifests
  completion  Print the shell's completion script
  version     Print the version of Molthub and of Python
  image       Say which image the Moltbots run
  secret      Set, link, list, rotate and delete secrets
  access      Who may change what
  template    What instances can be made of
  controller  Run the controller
  db          Look at the controller's database, and upgrade it
  webhook     Call a Moltbot that takes webhooks

  Exit codes: 0 done, 1 failed, 2 wrong usage (or changes, with --detailed-
  exitcode), 3 try again later, 70 a bug, 130 interrupted.
"""
