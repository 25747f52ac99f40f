"""Runs commands with libtorrent: a JSON list of them on standard input, a JSON list of answers on standard output."""
import base64
import json
import os
import sys
import time

import libtorrent as lt

FLAGS = {'hybrid': 0, 'v1': lt.create_torrent.v1_only, 'v2': lt.create_torrent.v2_only}


def hashes_of(hashes):
    return {'v1': str(hashes.v1) if hashes.has_v1() else None, 'v2': str(hashes.v2) if hashes.has_v2() else None}


def read(command):
    """What libtorrent makes of a torrent file."""
    info = lt.torrent_info(lt.bdecode(base64.b64decode(command['torrent'])))
    files = info.files()
    return {
        'hashes': hashes_of(info.info_hashes()),
        'name': info.name(),
        'pieceLength': info.piece_length(),
        'files': [
            {
                'path': files.file_path(i),
                'length': files.file_size(i),
                'offset': files.file_offset(i),
                'isPadding': bool(files.file_flags(i) & 1),
                'root': str(files.root(i)),
            }
            for i in range(info.num_files())
        ],
    }


def create(command):
    """A torrent of what is in a folder."""
    files = lt.file_storage()
    lt.add_files(files, command['path'])
    torrent = lt.create_torrent(files, command['pieceLength'], FLAGS[command['version']])
    lt.set_piece_hashes(torrent, os.path.dirname(command['path']))
    entry = torrent.generate()
    return {'torrent': base64.b64encode(lt.bencode(entry)).decode()}


def check(command):
    """Hashes the files in a folder and tells how much of them is what a torrent says."""
    session = lt.session({
        'listen_interfaces': '',
        'enable_dht': False,
        'enable_lsd': False,
        'enable_upnp': False,
        'enable_natpmp': False,
        'alert_mask': 0,
    })
    info = lt.torrent_info(lt.bdecode(base64.b64decode(command['torrent'])))
    handle = session.add_torrent({'ti': info, 'save_path': command['path'], 'flags': lt.torrent_flags.upload_mode})
    while handle.status().state in (lt.torrent_status.checking_files, lt.torrent_status.checking_resume_data):
        time.sleep(0.01)
    status = handle.status()
    return {'done': status.total_wanted_done, 'wanted': status.total_wanted, 'pieces': sum(status.pieces)}


def magnet(command):
    """What libtorrent makes of a magnet link."""
    params = lt.parse_magnet_uri(command['link'])
    return {'hashes': hashes_of(params.info_hashes), 'name': params.name, 'trackers': params.trackers}


COMMANDS = {'read': read, 'create': create, 'check': check, 'magnet': magnet}


def answer(command):
    try:
        return COMMANDS[command['kind']](command)
    except RuntimeError as error:
        return {'error': str(error)}


json.dump([answer(command) for command in json.load(sys.stdin)], sys.stdout)
