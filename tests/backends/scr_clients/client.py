"""An SCR client as the manual describes it, naive and blocking: one socket, one answer for each state."""

import socket
import sys

arguments = dict(word.split(":") for word in sys.argv[1:])
server = (arguments.get("host", "localhost"), int(arguments.get("port", 3001)))
steps = int(arguments.get("maxSteps", 0))
angles = " ".join(str(-90 + 10 * i) for i in range(19))
channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
channel.settimeout(1.0)
while True:
    channel.sendto(f"{arguments.get('id', 'SCR')}(init {angles})".encode(), server)
    try:
        if "***identified***" in channel.recv(1000).decode():
            break
    except OSError:
        continue
states = 0
while steps == 0 or states < steps:
    text = channel.recv(1000).decode()
    if "***shutdown***" in text or "***restart***" in text:
        break
    states += 1
    sensors = {group.split(" ")[0]: group.split(" ")[1:] for group in text.strip("\0")[1:-1].split(")(")}
    steer = float(sensors["angle"][0]) * 0.8 - float(sensors["trackPos"][0]) * 0.2
    accel = 0.8 if float(sensors["speedX"][0]) < 60 else 0.0
    pedals = f"(accel {accel:.3f})(brake 0.000)(gear 1.000)(steer {steer:.3f})(clutch 0.000)"
    channel.sendto(f"{pedals}(focus -90 -45 0 45 90)(meta 0)".encode(), server)
sys.stdout.write(f"{states} states\n")
