"""Every example of docs/data.md runs, on the features of a synthetic hour. Blocks whose reader is not installed are named and skipped."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

darkforest, page = sys.argv[1:3]
RUNNERS = {"python": ["/usr/bin/python3", "-c"], "r": ["Rscript", "-e"]}


def missing(language, code):
    """The package that the block needs and this machine lacks; None when it can run."""
    if language == "r":
        if not shutil.which("Rscript"):
            return "Rscript"
        check = subprocess.run(["Rscript", "-e", "library(rhdf5)"], capture_output=True)
        return "rhdf5" if check.returncode else None
    for module in re.findall(r"^(?:import|from) ([\w, ]+)", code, re.M):
        for name in re.findall(r"\w+", module.split(" import")[0]):
            if subprocess.run(["/usr/bin/python3", "-c", "import " + name], capture_output=True).returncode:
                return name
    return None


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    subprocess.run([darkforest, "synth", "--quiet", "-o", "hour.pcap", "--devices-out", "devices.csv",
                    "--packets", "100000", "--sources", "4000"], check=True)
    subprocess.run([darkforest, "extract", "--quiet", "hour.pcap", "--devices", "devices.csv", "-o", "features"],
                   check=True)
    blocks = re.findall(r"```(\w+)\n(.*?)```", open(page).read(), re.S)
    ran = 0
    for language, code in blocks:
        lacking = missing(language, code)
        if lacking:
            print("skipped, there is no %s:\n%s" % (lacking, code))
            continue
        done = subprocess.run(RUNNERS[language] + [code], capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout, code + done.stdout + done.stderr
        ran += 1
    assert len(blocks) >= 6 and ran >= 1
    print(ran, "of", len(blocks), "examples ran")
