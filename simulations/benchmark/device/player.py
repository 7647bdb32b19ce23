"""Players that submit plays as fast as they are accepted, in a process of their own.

python -m simulations.benchmark.device.player HOST:PORT TOKEN SUBMISSIONS CONNECTIONS: prints the seconds it took.
"""

import http.client
import json
import sys
import threading
import time


def main() -> None:
    """Submit, one play a request, over so many connections at once."""
    address, token, submissions, connections = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    each = submissions // connections
    players = [threading.Thread(target=_submit, args=(address, token, each, number)) for number in range(connections)]
    begun = time.perf_counter()
    for player in players:
        player.start()
    for player in players:
        player.join()
    print(time.perf_counter() - begun)


def _submit(address: str, token: str, count: int, player: int) -> None:
    connection = http.client.HTTPConnection(address)
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    first_s = int(time.time()) - 40 * count
    for number in range(count):
        track = {
            "artist_name": f"An artist {number % 100}",
            "track_name": f"A title of player {player}, {number % 1_000}",
            "release_name": "An album",
            "additional_info": {"duration_ms": 200_000, "media_player": "A player", "submission_client": "A player"},
        }
        listen = {"listened_at": first_s + 40 * number, "track_metadata": track}
        body = json.dumps({"listen_type": "single", "payload": [listen]})
        connection.request("POST", "/1/submit-listens", body=body, headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise SystemExit(f"player: {answer.status}")


if __name__ == "__main__":
    main()
