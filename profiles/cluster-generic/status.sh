#!/bin/sh
# Say of a job of Slurm whether it is running (or waiting), a success or failed, for profiles/cluster-generic. A job that
# is not known any more is taken for failed: it is tried again.
case $(squeue --noheader --states=all --format=%T --job "$1" 2> /dev/null) in
    COMPLETED) echo success ;;
    PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | REQUEUE* | RESIZING | STOPPED) echo running ;;
    *) echo failed ;;
esac
