"""Capitals and large towns of the world, beyond those that are known also without a capital letter."""

from __future__ import annotations

TOWNS = frozenset(
    """
    aarhus aberdeen abidjan abuja acapulco adana addis-ababa ahmedabad aleppo alexandria algiers alicante almaty amman anchorage
    antalya antananarivo asmara astana asuncion augsburg babylon baku baltimore bamako bari basra bath belfast belmopan bhopal bialystok
    bielefeld bishkek bloemfontein bochum bonn brasilia bratislava brazzaville bremen brighton brisbane brno bruges bucaramanga buffalo
    bursa bydgoszcz calais cali canberra cancun cannes cardiff cartagena catania cebu charleston charlotte chemnitz chisinau chittagong
    chongqing christchurch cincinnati cleveland cluj coimbra columbus conakry constanta cordoba cork coventry curitiba dakar dalian
    damascus danang darmstadt darwin davao debrecen delft derby djibouti dnipro donetsk dortmund duisburg dundee durban dushanbe
    dusseldorf edmonton eindhoven erfurt essen exeter faro fes fortaleza freetown freiburg fukuoka gaborone galway gaza gdansk gdynia
    geelong genoa ghent giza graz grenoble groningen guadalajara guayaquil guatemala haarlem haifa halifax hamilton hannover hanover
    harare harbin hartford havana heidelberg hiroshima hobart hull ibadan incheon indianapolis innsbruck islamabad izmir jaipur jeddah
    jena jerusalem kabul kampala kanpur kaohsiung karlsruhe kassel katowice kazan khartoum kiel kigali kingston kinshasa kobe koln
    kosice kuwait lancaster lausanne leicester leiden leon leuven libreville liege lilongwe limerick limassol linz ljubljana lodz lome
    luanda lubeck lublin lucknow lugano luxembourg luzern lucerne maastricht macau madison magdeburg mainz malmo managua manaus mannheim
    maputo maracaibo maribor marrakech mecca medellin medina memphis mendoza messina minsk mogadishu mombasa monaco monrovia monterrey
    montpellier mosul munster murcia muscat mysore nagoya nagpur nantes nassau newcastle nicosia nijmegen norwich nottingham novosibirsk
    nuremberg oakland odense odesa odessa okinawa omaha orlando osijek ostrava ouagadougou oviedo padua palermo palma panama
    pittsburgh plovdiv plymouth poznan pretoria pristina qingdao quebec rabat recife regensburg rennes reno riyadh rosario rostock
    rostov rotorua rouen sacramento salerno salvador salzburg samara sanaa santander sapporo sarajevo sendai seville sheffield shenyang
    siena skopje southampton split stavanger strasbourg suzhou szczecin szeged taichung tainan tampa tampere tangier tarragona tartu
    tashkent tbilisi tianjin tijuana timisoara tirana torun toulon trento trieste tripoli trondheim tucson turku ufa ulaanbaatar ulm
    uppsala utrecht valletta valparaiso varna verona vientiane vigo vilnius wiesbaden windhoek winnipeg wolfsburg wroclaw wuppertal
    xiamen yangon yaounde yerevan yokohama york zaragoza
    """.split()
)
