#!/usr/bin/env bash
# Installs Chromium for the browser tests where apt can do so without asking.
# Never fails: without Chromium the browser tests skip and say why.
set -u
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  command -v "$name" >/dev/null && exit 0
done
install="apt-get install -y --no-install-recommends chromium"
if ! command -v apt-get >/dev/null; then
  echo "No Chromium found: browser tests will skip. Install Chrome or Chromium, or:" \
    ".venv/bin/python -m playwright install chromium" >&2
  exit 0
fi
if [[ "$(id -u)" == 0 ]]; then
  run=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  run="sudo -n"
else
  echo "No Chromium found: browser tests will skip. Install it with: sudo $install" >&2
  exit 0
fi
echo "Installing Chromium for the browser tests"
export DEBIAN_FRONTEND=noninteractive
if ! { $run apt-get update -qq && $run $install >/dev/null; }; then
  echo "Chromium could not be installed: browser tests will skip." >&2
fi
exit 0
