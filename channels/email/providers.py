"""Mail domains in which strangers share one name, so that many mails from there say nothing about one machine."""

from __future__ import annotations

from typing import Final

_NAMES: Final = """
gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com rocketmail.com aol.com icloud.com me.com
mac.com gmx.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de mail.com proton.me protonmail.com pm.me zoho.com
fastmail.com tutanota.com tuta.com hey.com mail.ru bk.ru inbox.ru list.ru yandex.ru yandex.com ya.ru rambler.ru ukr.net qq.com
163.com 126.com sina.com foxmail.com naver.com daum.net hanmail.net rediffmail.com orange.fr wanadoo.fr free.fr sfr.fr
laposte.net libero.it virgilio.it tiscali.it alice.it tim.it comcast.net verizon.net att.net sbcglobal.net bellsouth.net
cox.net charter.net btinternet.com virginmedia.com sky.com talktalk.net ntlworld.com bigpond.com optusnet.com.au telenet.be
skynet.be ziggo.nl kpnmail.nl planet.nl xs4all.nl bluewin.ch seznam.cz wp.pl o2.pl onet.pl interia.pl uol.com.br bol.com.br
terra.com.br
"""
_EVERYBODYS: Final = frozenset(_NAMES.split())
_FAMILIES: Final = ("yahoo", "hotmail", "live", "outlook")


def is_everybodys(domain: str) -> bool:
    """Also for the national names of the great ones, such as yahoo.co.uk."""
    first, _, rest = domain.partition(".")
    return domain in _EVERYBODYS or (first in _FAMILIES and 2 <= len(rest) <= 6)
