#!/usr/bin/env bash
# Installs a Debian package that some tests need, where apt can do so without asking:
#   tests/install.sh chromium      for the browser tests
#   tests/install.sh bubblewrap    for the strongest tier of the sandbox
# Never fails for lack of it: without the package those tests skip and say why.
set -u
case "${1:-}" in
  chromium)
    programs="chromium chromium-browser google-chrome google-chrome-stable"
    tests="browser tests"
    elsewhere="Install Chrome or Chromium, or: .venv/bin/python -m playwright install chromium"
    ;;
  bubblewrap)
    programs="bwrap"
    tests="tests of the sandbox inside bubblewrap"
    elsewhere="It is for Linux only; most distributions have it as a package."
    ;;
  *)
    echo "usage: $0 chromium|bubblewrap" >&2
    exit 2
    ;;
esac
for name in $programs; do
  command -v "$name" >/dev/null && exit 0
done
install="apt-get install -y --no-install-recommends $1"
if ! command -v apt-get >/dev/null; then
  echo "No $1 found: $tests will skip. $elsewhere" >&2
  exit 0
fi
if [[ "$(id -u)" == 0 ]]; then
  run=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  run="sudo -n"
else
  echo "No $1 found: $tests will skip. Install it with: sudo $install" >&2
  exit 0
fi
echo "Installing $1"
export DEBIAN_FRONTEND=noninteractive
if ! { $run apt-get update -qq && $run $install >/dev/null; }; then
  echo "$1 could not be installed: $tests will skip." >&2
fi
exit 0
