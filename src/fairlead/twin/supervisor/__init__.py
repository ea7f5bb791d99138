"""The process that starts, watches and restarts all others of a twin: `python -m fairlead.twin.supervisor FOLDER`."""
