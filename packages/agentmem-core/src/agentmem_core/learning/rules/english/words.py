"""The words that tell a job, a thing, a relative or a language from their likes."""

from __future__ import annotations

import re

RELATIVES = (
    "sister brother mother mom mum mam mama father dad papa son daughter wife husband spouse partner girlfriend boyfriend "
    "fiancee fiance grandmother grandma granny nana grandfather grandpa granddad uncle aunt auntie cousin niece nephew grandson "
    "granddaughter stepson stepdaughter stepmother stepmom stepfather stepdad stepbrother stepsister half-brother half-sister "
    "mother-in-law father-in-law brother-in-law sister-in-law son-in-law daughter-in-law roommate flatmate housemate friend "
    "bestie boss manager colleague coworker co-worker neighbor neighbour teacher kid child baby twin"
).split()
PLURALS = {
    "kids": "child", "children": "child", "sons": "son", "daughters": "daughter", "sisters": "sister", "brothers": "brother",
    "parents": "parent", "cats": "cat", "dogs": "dog", "twins": "child", "siblings": "sibling", "grandparents": "grandparent",
    "grandchildren": "grandchild", "grandkids": "grandchild", "nieces": "niece", "nephews": "nephew", "cousins": "cousin",
    "stepchildren": "stepchild", "stepkids": "stepchild",
}  # fmt: skip
PETS = (
    "dog cat puppy pup kitten kitty rabbit bunny parrot hamster horse pony goldfish tortoise turtle budgie canary ferret snake "
    "gecko lizard parakeet cockatiel guinea-pig labrador lab poodle beagle bulldog dachshund corgi husky retriever shepherd "
    "terrier chihuahua pug greyhound collie spaniel tabby siamese rat mouse chicken hen goat donkey iguana chinchilla"
).split()
_WOMEN = (
    "sister mother mom mum mam mama daughter wife girlfriend fiancee grandmother grandma granny nana aunt auntie niece "
    "granddaughter stepdaughter stepmother stepmom stepsister half-sister mother-in-law sister-in-law daughter-in-law"
)
_MEN = (
    "brother father dad papa son husband boyfriend fiance grandfather grandpa granddad uncle nephew grandson stepson "
    "stepfather stepdad stepbrother half-brother father-in-law brother-in-law son-in-law"
)
SHE = frozenset(_WOMEN.split())
HE = frozenset(_MEN.split())

_JOBS = """
    accountant actor actress administrator advisor adviser agent analyst anesthesiologist anthropologist apprentice archaeologist architect
    archivist artist assistant astronaut astronomer athlete attorney auditor author baker banker barber barista barrister bartender
    beautician biologist blacksmith blogger bookkeeper botanist bricklayer broker builder butcher buyer captain caregiver caretaker carer
    carpenter cartographer cashier ceo cfo chauffeur cheesemonger chef chemist chiropractor choreographer cinematographer cleaner clerk
    coach cobbler cofounder co-founder columnist comedian composer conductor consultant contractor controller cook coordinator
    copywriter coroner counselor counsellor courier cto curator dancer dealer decorator dentist dermatologist designer detective
    developer dietitian dietician diplomat director dispatcher diver dj doctor doorman dressmaker driver economist editor electrician
    engineer entomologist entrepreneur epidemiologist estimator ethnographer executive farmer filmmaker firefighter fireman
    fisherman fitter florist founder freelancer fundraiser gardener geographer geologist goldsmith groomer guard guide gynecologist
    hairdresser handyman historian housekeeper housewife illustrator inspector instructor intern interpreter investigator investor
    janitor jeweler jeweller joiner journalist judge laborer labourer landscaper lawyer lecturer librarian lifeguard linguist locksmith
    logistician magistrate magician maid maintainer makeup-artist manager marine marketer mason masseur mathematician mechanic mentor
    merchant meteorologist microbiologist midwife miller miner minister model musician nanny naturalist neurologist neuroscientist
    notary novelist nun nurse nutritionist officer operator optician optometrist orthodontist osteopath owner packer painter paralegal
    paramedic pastor pathologist pediatrician paediatrician performer pharmacist philosopher photographer physician physicist
    physiotherapist pianist pilot plasterer playwright plumber podiatrist poet policeman policewoman politician postdoc postman potter
    preacher presenter priest principal producer professor programmer proofreader psychiatrist psychologist psychotherapist publicist
    publisher rabbi radiographer radiologist ranger realtor receptionist recruiter referee registrar repairman reporter
    representative researcher retiree roofer sailor salesman salesperson saleswoman scientist sculptor seamstress secretary server
    sheriff shoemaker shopkeeper singer sociologist soldier solicitor songwriter specialist statistician stay-at-home-dad
    stay-at-home-mom steward stewardess stockbroker strategist student stuntman stylist supervisor surgeon surveyor tailor tattooist
    tattoo-artist taxi-driver teacher technician technologist therapist trader trainer translator treasurer tutor typist
    underwriter undertaker usher veterinarian vet videographer violinist waiter waitress warden watchmaker webmaster welder woodworker
    worker writer youtuber zookeeper zoologist superintendent apprentice undergrad undergraduate postgraduate pensioner homemaker
    drummer guitarist cellist bassist sommelier brewer beekeeper winemaker hotelier concierge croupier docent dean provost vicar
    scaffolder glazier upholsterer tiler sysadmin devops tester cop policymaker lobbyist ecologist geneticist virologist oncologist
    cardiologist anaesthetist ophthalmologist gastroenterologist endocrinologist urologist radiotherapist hygienist phlebotomist
"""
JOBS = frozenset(_JOBS.split())
NOT_JOBS = re.compile(
    r"\b(?:sleeper|eater|drinker|person|lover|fan|reader|member|user|customer|client|beginner|learner|winner|loser|believer|"
    r"terrible|horrible|bad|awful|lousy|great|good|decent|amazing|excellent|former|ex|designated|real|aspiring|wannabe|would-be|future|slow|fast|"
    r"control|total|complete|own|worst|best|your|his|her|their)\b"
)
"""Words that make of a job something else: a terrible cook, a good driver."""

_THINGS = """
    car bike bicycle motorbike motorcycle scooter van truck lorry boat sailboat yacht caravan campervan camper rv tractor house flat
    apartment condo cottage cabin farm studio garden allotment garage pool balcony greenhouse laptop computer pc desktop phone
    smartphone tablet camera printer telescope microscope drone console playstation xbox keyboard monitor tv television projector turntable
    guitar piano violin cello drum drums trumpet flute saxophone ukulele harp accordion bass synthesizer synth banjo clarinet
    viola mandolin harmonica organ kayak canoe surfboard skateboard snowboard treadmill tent sofa couch fridge dishwasher dryer
    oven stove piano bakery shop store cafe restaurant company business startup pickup suv hatchback convertible sedan minivan moped
    e-bike ebike tesla kindle watch smartwatch ring vineyard orchard workshop sauna hot-tub trampoline aquarium
    sister brother son daughter child kid kids children sons daughters sisters brothers siblings twins nephew niece nephews
    nieces grandchildren grandson granddaughter grandkids wife husband girlfriend boyfriend partner stepson stepdaughter
    roommate flatmate housemate cousin cousins uncle aunt sibling
"""
THINGS = frozenset(_THINGS.split()) | frozenset(PETS) | frozenset(f"{pet}s" for pet in PETS) | {
    "cars", "bikes", "guitars", "phones", "puppies", "ponies", "huskies", "houses", "mice", "budgies", "fish", "bird", "birds",
    "chickens", "guinea pig", "guinea pigs", "boats", "cameras", "pet", "pets",
}  # fmt: skip
HOMES = frozenset(
    "house flat apartment condo cottage cabin farm studio garden allotment shop store cafe bakery vineyard".split()
)
NOT_THINGS = re.compile(
    r"\b(?:phd|msc|bsc|ba|ma|mba|md|degree|mri|covid|adhd|ptsd|ocd|ibs|monday|tuesday|wednesday|thursday|friday|saturday|sunday|"
    r"zoom|english|french|german|spanish|chinese|christmas|easter|call|exam|test|visa|id|i|ok|faq|asap|rsvp|pov)s?\b",
    re.IGNORECASE,
)

LANGUAGES = frozenset(
    """
    afrikaans albanian amharic arabic armenian azerbaijani basque bengali bosnian bulgarian burmese cantonese catalan chinese croatian
    czech danish dutch english esperanto estonian farsi finnish flemish french frisian galician georgian german greek gujarati haitian
    hausa hawaiian hebrew hindi hungarian icelandic igbo indonesian irish italian japanese javanese kannada kazakh khmer korean kurdish
    kyrgyz lao latin latvian lithuanian luxembourgish macedonian malagasy malay malayalam maltese mandarin maori marathi mongolian
    nepali norwegian pashto persian polish portuguese punjabi quechua romanian russian samoan sanskrit serbian sinhala slovak slovene
    slovenian somali spanish swahili swedish swiss-german tagalog tajik tamil tatar telugu thai tibetan tigrinya turkish turkmen
    ukrainian urdu uyghur uzbek vietnamese welsh wolof xhosa yiddish yoruba zulu asl filipino gaelic taiwanese hokkien
    """.split()
)
NATIONS = LANGUAGES | frozenset(
    """
    american british australian canadian scottish mexican brazilian argentinian argentine chilean colombian peruvian venezuelan cuban
    egyptian moroccan algerian tunisian nigerian ghanaian kenyan ethiopian indian pakistani bangladeshi iranian iraqi israeli
    palestinian lebanese syrian jordanian saudi emirati singaporean malaysian belgian austrian swiss european african asian
    catholic muslim jewish hindu buddhist christian protestant atheist agnostic orthodox mormon capricorn aries taurus gemini leo virgo
    libra scorpio sagittarius aquarius pisces vegan vegetarian sorry ok okay fine good great happy sad done ready sure here back
    tired busy afraid glad not so just really very in at on from a an the getting going trying looking home bored sick
    interested new old lost gay straight bisexual single married divorced retired right wrong kidding joking serious dead
    """.split()
)
"""What stands with a capital after "I am" and is no name."""

PLAYED = frozenset(
    """
    guitar piano violin cello drums bass trumpet flute saxophone sax clarinet ukulele harp viola banjo harmonica accordion oboe trombone
    football soccer tennis basketball volleyball badminton golf rugby cricket baseball hockey squash padel chess poker bridge darts
    pool snooker handball softball lacrosse go mahjong table-tennis ping-pong pickleball frisbee water-polo polo shogi bowls netball
    """.split()
)
PLACES = frozenset(
    """
    london paris berlin madrid rome lisbon porto amsterdam rotterdam vienna prague warsaw krakow budapest dublin edinburgh glasgow
    manchester birmingham leeds liverpool bristol oxford cambridge brussels antwerp zurich geneva basel bern munich hamburg cologne
    frankfurt stuttgart leipzig dresden milan naples turin florence venice bologna barcelona valencia seville bilbao malaga lyon
    marseille nice toulouse bordeaux lille copenhagen stockholm gothenburg oslo bergen helsinki reykjavik athens istanbul ankara moscow
    kyiv lviv bucharest sofia belgrade zagreb ljubljana tallinn riga vilnius toronto montreal vancouver ottawa calgary chicago boston
    seattle portland austin dallas houston denver atlanta miami philadelphia phoenix detroit minneapolis nashville baltimore brooklyn
    tokyo osaka kyoto seoul busan beijing shanghai shenzhen guangzhou chengdu hangzhou wuhan nanjing taipei singapore bangkok hanoi
    jakarta manila mumbai delhi bangalore chennai kolkata pune hyderabad karachi lahore dhaka colombo kathmandu dubai doha tehran
    baghdad beirut cairo casablanca tunis lagos nairobi accra johannesburg sydney melbourne brisbane perth adelaide auckland
    wellington bogota lima santiago caracas havana quito montevideo
    portugal spain france germany italy england scotland wales ireland netherlands belgium switzerland austria poland hungary
    romania bulgaria greece turkey ukraine russia sweden norway denmark finland iceland estonia latvia lithuania croatia serbia
    slovenia slovakia canada mexico brazil argentina chile peru colombia venezuela cuba japan china korea taiwan vietnam thailand
    india pakistan bangladesh nepal indonesia malaysia philippines australia egypt morocco tunisia nigeria ghana kenya ethiopia
    israel lebanon iran iraq syria texas california florida ohio michigan georgia virginia oregon colorado utah arizona nevada
    """.split()
) | frozenset(
    {"new york", "los angeles", "san francisco", "san diego", "hong kong", "mexico city", "buenos aires", "sao paulo",
     "rio de janeiro", "cape town", "tel aviv", "kuala lumpur", "ho chi minh", "las vegas", "salt lake city", "new zealand",
     "south africa", "south korea", "costa rica", "saudi arabia", "czech republic", "the netherlands", "the us", "the uk",
     "the usa", "the states", "washington dc", "st petersburg", "st louis", "new delhi", "new orleans", "new jersey", "usa"}
)  # fmt: skip
"""Places that are known also when somebody writes without capitals."""

NUMERALS = {
    word: number
    for number, word in enumerate(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
        nineteen""".split()
    )
}
TENS = {
    word: 10 * number for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}


def number_in(text: str) -> int | None:
    """34, thirty-four; None where it is no number."""
    if text.isdigit():
        return int(text)
    tens, _, ones = text.lower().replace("-", " ").partition(" ")
    if tens in TENS:
        return (
            TENS[tens] + (NUMERALS.get(ones, -1000) if ones else 0)
            if not ones or 0 < NUMERALS.get(ones, 0) < 10
            else None
        )
    return None if ones else NUMERALS.get(tens)
