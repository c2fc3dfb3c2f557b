"""How soon a guesser who knows people would find a password.

A password is cut into the pieces that such a guesser tries first: words that many people use,
the user's own names, keyboard walks, sequences, years, repeats. Each piece has a price in bits,
and the cheapest cut is the answer. The words are our own collection of the well known kinds and
of what our users have in front of their eyes; the rules stand for the many thousand variants
that published lists enumerate.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Final

ENOUGH_BITS: Final = 32.0

_WORD_BITS: Final = 9.0  # one of about 500
_PERSONAL_BITS: Final = 2.0
_REPEAT_BITS: Final = 1.0
_SEQUENCE_BITS: Final = 5.0
_WALK_BITS: Final = 6.0
_WALK_STEP_BITS: Final = 0.5
_YEAR_BITS: Final = 6.0
_SEPARATOR_BITS: Final = 2.0
_DIGIT_BITS: Final = 3.3
_LETTER_BITS: Final = 4.0  # people choose letters that make words
_SIGN_BITS: Final = 5.5
_SEPARATORS: Final = " -_."
_LONGEST_PIECE: Final = 25
_LONGEST_SEARCHED: Final = 40

_LEET: Final = str.maketrans("@4310$57!8", "aaeiosstib")
_ROWS: Final = ("1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./")

# Ours first, then what people everywhere choose.
_WORDS: Final = frozenset(
    """
    musearoo drummaroo bassaroo melodyroo harmonyroo brainaroo aroo muse roo conductor ableton
    cubase logic protools fruityloops flstudio reaper bitwig steinberg fender gibson ibanez
    stratocaster telecaster lespaul marshall yamaha roland korg moog casio sampler sequencer
    synthesizer drummer drums bassist guitar guitarist piano pianist keyboard violin cello trumpet
    saxophone singer vocals melody harmony rhythm tempo chord groove metronome midi music musician
    musica musik musique studio record records producer remix techno trance house hiphop reggae
    metal blues jazz funk soul punk rocknroll band artist concert festival song songs album vinyl
    beatles metallica nirvana slipknot eminem blink182 greenday acdc radiohead pinkfloyd zeppelin
    madonna shakira rihanna beyonce taylorswift bts queen prince elvis lennon hendrix cobain
    password passwort motdepasse contrasena senha parola wachtwoord haslo passord losenord salasana
    passcode passphrase passw pass pwd login logon signin signup access account admin administrator
    root superuser sysadmin user username guest default changeme change please letmein welcome
    willkommen bienvenue bienvenido hello hallo bonjour ciao hola privet test tester testing temp
    temporary demo sample example public private secret secure security server system computer
    internet network desktop laptop windows microsoft google facebook instagram twitter youtube
    amazon apple iphone samsung android linux ubuntu github oracle mysql postgres database
    wordpress cisco dell lenovo nokia sony playstation xbox nintendo pokemon pikachu mario zelda
    minecraft fortnite roblox warcraft starcraft counterstrike callofduty league legends diablo
    iloveyou loveyou iloveu ilove love lover lovely loveme jetaime teamo tequiero ichliebedich
    forever always together babygirl babyboy baby angel angels sweetheart sweetie sweet honey
    darling princess princesa prinzessin kitty kitten pussycat sunshine sunflower sunny sunset
    moonlight starlight rainbow butterfly flower flowers rose lily daisy jasmine cherry strawberry
    banana orange peaches pumpkin cookie cookies chocolate candy cupcake coffee cheese pizza
    monkey dragon tiger lion eagle eagles falcon falcons dolphin dolphins shark panther panthers
    wolf wolves bear bears horse pony puppy dog doggy cat cats fish chicken rabbit bunny turtle
    snake spider scorpion phoenix unicorn dinosaur hunter killer ninja samurai pirate warrior
    warriors knight wizard master masters boss legend hero heroes champion champions winner
    superman superstar supernova super batman spiderman ironman wolverine avengers starwars
    startrek skywalker darthvader yoda jedi matrix gandalf hobbit frodo hogwarts harrypotter
    simpson homer snoopy garfield mickey minnie disney tinkerbell barbie shrek naruto goku
    dragonball
    football baseball basketball hockey soccer tennis golf volleyball cricket rugby boxing wrestling
    fussball futbol futebol yankees lakers cowboys steelers packers redsox broncos raiders chelsea
    arsenal liverpool manchester united barcelona realmadrid juventus bayern dortmund ronaldo messi
    beckham jordan kobe lebron mustang ferrari porsche mercedes corvette camaro chevy chevrolet
    toyota honda yamaha suzuki kawasaki harley ducati bmw audi volkswagen jaguar lamborghini
    michael jennifer jessica ashley amanda daniel andrew joshua matthew anthony robert william
    thomas charles christopher nicholas alexander alexandra alexis samantha elizabeth michelle
    nicole stephanie melissa heather danielle brittany brandon justin jonathan joseph david james
    john george richard patrick steven kevin brian jason eric adam ryan tyler austin dylan logan
    hannah emily emma olivia sophia sophie sarah laura anna maria martin peter paul mark lucas
    oliver oscar max felix carlos miguel jose juan antonio francisco fernando ricardo roberto
    alejandro gabriel andrea carmen natalia vanessa claudia monica sandra barbara diana victoria
    veronica patricia linda susan karen nancy betty charlie buster bailey rocky ginger pepper
    maggie molly lucky shadow smokey tigger whiskey bandit cooper jackson hardcore freedom liberty
    america american canada england london paris berlin madrid roma napoli moscow brasil brazil
    mexico argentina deutschland france india pakistan china japan tokyo sydney australia newyork
    chicago boston dallas texas california florida hawaii
    january february march april june july august september october november december monday
    tuesday wednesday thursday friday saturday sunday today tomorrow spring summer autumn winter
    fruhling sommer herbst printemps automne hiver primavera verano otono invierno christmas
    halloween birthday newyear
    blue red green yellow purple black white pink silver golden gold diamond crystal platinum
    fire water earth wind thunder lightning storm snow ice ocean river mountain island heaven
    jesus christ jesuschrist god lord faith blessed blessing grace trustno trust hope peace
    happy smile lucky7 whatever nothing something anything everything nobody somebody someone
    mother father mommy daddy mama papa sister brother family friend friends bestfriend school
    college university teacher student work office company business money dollar million bitcoin
    crypto qwerty qwertz azerty asdf asdfgh zxcvbn zxcv qazwsx onetwothree abcdef letme mein enter
    open opensesame sesame abracadabra magic mystery number one two three four five six seven
    eight nine ten first second number1 access14 matrix1 trustno1 abc123 a1b2c3 q1w2e3 pa55
    fuckyou fuckme fuck bitch asshole bullshit shit sexy sex pussy dick boobs porn naked hot
    biteme cool coolness awesome crazy stupid loser idiot bigdaddy bigdog topgun terminator
    rambo rocky1 godfather scarface tupac biggie snoopdogg correct horse battery staple
    correcthorsebatterystaple
    """.split()  # noqa: SIM905
)


def bits(password: str, personal: Iterable[str] = ()) -> float:
    """How many bits a knowing guesser needs; `personal` are names that the user is known by.

    Only the first 40 characters count: whatever has said nothing new by then is refused.
    """
    text = password.casefold()[:_LONGEST_SEARCHED]
    names = frozenset(name.casefold() for name in personal if len(name) >= 3)
    joined = "".join(character for character in text if character not in _SEPARATORS)
    return min(_cheapest(text, names), _cheapest(joined, names) + _SEPARATOR_BITS)


def _cheapest(text: str, names: frozenset[str]) -> float:
    cheapest = [0.0] + [math.inf] * len(text)
    for start in range(len(text)):
        for end, price in _pieces(text, start, names):
            cheapest[end] = min(cheapest[end], cheapest[start] + price)
    return cheapest[-1]


def _pieces(text: str, start: int, names: frozenset[str]) -> Iterator[tuple[int, float]]:
    """Every piece that begins at `start`, as its end and its price."""
    yield start + 1, _character_bits(text[start])
    yield from _words(text, start, names)
    yield from _repeats(text, start)
    yield from _walks(text, start)
    end = _sequence_end(text, start)
    if end - start >= 3:
        yield end, _SEQUENCE_BITS
    year = text[start : start + 4]
    if len(year) == 4 and year.isdecimal() and year[:2] in {"19", "20"}:
        yield start + 4, _YEAR_BITS


def _words(text: str, start: int, names: frozenset[str]) -> Iterator[tuple[int, float]]:
    longest = text[start : start + _LONGEST_PIECE]
    plain = longest.translate(_LEET)
    for length in range(3, len(longest) + 1):
        written, read = longest[:length], plain[:length]
        forms = (written, read, written[::-1])
        if any(form in names for form in forms):
            yield start + length, _PERSONAL_BITS
        elif any(form in _WORDS for form in forms):
            yield start + length, _WORD_BITS


def _repeats(text: str, start: int) -> Iterator[tuple[int, float]]:
    """What stands before, once more: found at the cost of saying so."""
    for length in range(1, min(start, len(text) - start) + 1):
        if text[start - length : start] == text[start : start + length]:
            yield start + length, _REPEAT_BITS


def _walks(text: str, start: int) -> Iterator[tuple[int, float]]:
    """Four or more keys, each beside the one before."""
    end = start + 1
    while end < len(text) and (text[end - 1], text[end]) in _BESIDE:
        end += 1
        if end - start >= 4:
            yield end, _WALK_BITS + _WALK_STEP_BITS * (end - start)


def _sequence_end(text: str, start: int) -> int:
    """Where a run such as `3456` or `zyx` that begins at `start` ends."""
    end = start + 1
    step = ord(text[end]) - ord(text[start]) if end < len(text) else 0
    if step not in (-1, 1):
        return end
    while end < len(text) and ord(text[end]) - ord(text[end - 1]) == step:
        end += 1
    return end


def _character_bits(character: str) -> float:
    if character in _SEPARATORS:
        return _SEPARATOR_BITS
    if character.isdecimal():
        return _DIGIT_BITS
    return _LETTER_BITS if character.isalpha() else _SIGN_BITS


def _neighbours() -> Iterator[tuple[str, str]]:
    """Pairs of keys that touch on a keyboard, whose rows are shifted by half a key."""
    keys = [
        (key, column + row / 2, row)
        for row, letters in enumerate(_ROWS)
        for column, key in enumerate(letters)
    ]
    for one, x, y in keys:
        for other, u, v in keys:
            if one != other and abs(x - u) <= 1 and abs(y - v) <= 1:
                yield one, other


_BESIDE: Final = frozenset(_neighbours())
