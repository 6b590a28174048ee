"""That no sound which is kept for the last word can get into the training: run by run.sh before anything else."""
import hashlib

import sources


def refused(*args):
    try:
        sources.check_not_reserved(*args)
    except SystemExit:
        return True
    return False


assert refused("asterisk-core-sounds-fr-wav", "/usr/share/asterisk/sounds/fr_CA_f_June/hello.wav")
assert refused("asterisk-prompt-it-menardi-wav", "/usr/share/asterisk/sounds/it/x.wav")
assert refused("asterisk-core-sounds-ru-gsm", "/x.gsm")
assert refused("klettres-data", "/usr/share/klettres/ru/alpha/a.ogg")
assert refused("ktuberling-data", "/usr/share/ktuberling/sounds/it/arm.ogg")
assert refused("asterisk-moh-opsound-wav", "/usr/share/asterisk/moh/manolo_camp-morning_coffee.wav")
assert refused("asterisk-moh-opsound-wav", "/usr/share/asterisk/moh/reno_project-system.wav")
assert refused("fillets-ng-data-cs", "/usr/share/games/fillets-ng/sound/city/cs/vit-m-hlava.ogg")
assert refused("openarena-081-players", "/pak2-players.pk3")
for name in ("city-ambience", "crowded-room", "keyboard-typing2", "hold_music"):
    assert refused("livekit-agents", f"/livekit/agents/resources/{name}.ogg")
for name in ("Fire1", "FireStation2", "Mill3", "CoalMine2", "PowerCoalLow", "ParklandLake1"):
    assert refused("lincity-ng-data", f"/usr/share/games/lincity-ng/sounds/{name}.wav")
# A copy under another name.
assert refused("any", "/any.wav", b"sound", {hashlib.sha256(b"sound").hexdigest()})
assert not refused("livekit-agents", "/livekit/agents/resources/keyboard-typing.ogg", b"sound", set())
assert not refused("klettres-data", "/usr/share/klettres/de/alpha/a.ogg")
for package in sources.packages():
    assert not refused(package, "/"), package
print("nothing reserved can get in")
