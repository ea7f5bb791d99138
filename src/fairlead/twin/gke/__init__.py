"""An emulator of GKE's API that acts on the twin's real API servers; run as `python -m fairlead.twin.gke FOLDER`."""
