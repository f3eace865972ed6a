"""What 17TRACK's error codes mean, of a whole call and of one number in it.

Source: the error table of the v2.4 documentation (api.17track.net/en/doc), in copies of public projects. Codes of methods that
the house doesn't call (changing a carrier, pushing again) are here too: a table with holes would call them unreadable.
"""

from collections.abc import Mapping
from types import MappingProxyType

from domain.errors import AccessDenied, OutsideError, RateLimited, Unreachable, UnreadableReply
from domain.tracking import NoData

REGISTERED = "-18019901"
"""Already registered: it goes on, which is what was wanted."""

ERRORS: Mapping[str, NoData | type[OutsideError]] = MappingProxyType(
    {
        # an HTTP status, said again inside the envelope
        "401": AccessDenied,
        "403": AccessDenied,
        "429": RateLimited,
        "500": Unreachable,
        "503": Unreachable,
        # the account and the request
        "-18010001": AccessDenied,  # our address isn't on the account's list
        "-18010002": AccessDenied,  # security key
        "-18010003": Unreachable,  # internal error, try later
        "-18010004": AccessDenied,  # account disabled
        "-18010005": AccessDenied,  # not authorised
        "-18010010": UnreadableReply,  # a field is missing
        "-18010011": NoData.WRONG_CARRIER,  # a value that can't be
        "-18010012": NoData.WRONG_CARRIER,  # not the format of a number
        "-18010013": NoData.WRONG_CARRIER,  # data that can't be: of a number, its carrier
        "-18010014": UnreadableReply,  # more than forty numbers
        "-18010015": NoData.WRONG_CARRIER,  # a field's value is invalid
        "-18010016": NoData.WRONG_CARRIER,  # a last-mile carrier is for postal numbers only
        "-18010018": NoData.BAD_CREDENTIAL,  # the carrier wants country and postcode
        "-18010019": NoData.BAD_CREDENTIAL,  # the carrier wants the postcode
        "-18010020": NoData.BAD_CREDENTIAL,  # the carrier wants the phone
        "-18010022": NoData.BAD_CREDENTIAL,  # the carrier wants the date of shipping
        # where pushes go
        "-18010201": AccessDenied,  # no address for pushes is set
        "-18010202": AccessDenied,  # not an address
        "-18010203": Unreachable,  # the test push wasn't answered
        "-18010204": AccessDenied,  # no address for pushes is set
        "-18010205": AccessDenied,  # not an IP address
        "-18010206": Unreachable,  # the push wasn't answered
        # a number's carrier or details changed
        "-18019801": NoData.WRONG_CARRIER,  # registered with several carriers: say which
        "-18019802": NoData.WRONG_CARRIER,  # the new carrier can't be
        "-18019803": NoData.NOT_SCANNED,  # it is with that carrier already
        "-18019804": UnreadableReply,  # no new carrier was named
        "-18019805": NoData.WRONG_CARRIER,  # not registered with the old carrier
        "-18019806": NoData.NOT_SCANNED,  # stopped: take it up again first
        "-18019807": NoData.WRONG_CARRIER,  # changed too often
        "-18019808": NoData.NOT_SCANNED,  # the result of the last change isn't there yet
        "-18019809": NoData.NOT_SCANNED,  # registered with the new carrier already
        "-18019810": UnreadableReply,  # several numbers fit
        "-18019811": UnreadableReply,  # nothing that can be changed
        # the carrier didn't answer 17TRACK
        "-18019815": Unreachable,  # in time
        "-18019816": Unreachable,  # but with an error
        "-18019817": Unreachable,  # system error, nothing was charged
        "-18019818": NoData.WRONG_CARRIER,  # the real-time query doesn't know this carrier
        # a number's life
        REGISTERED: NoData.NOT_SCANNED,
        "-18019902": NoData.NOT_SCANNED,  # not registered
        "-18019903": NoData.WRONG_CARRIER,  # no carrier recognised
        "-18019904": NoData.NOT_SCANNED,  # not stopped, so not to be taken up again
        "-18019905": NoData.AGED_OUT,  # taken up again once already: it stays stopped
        "-18019906": NoData.NOT_SCANNED,  # not followed, so not to be stopped
        "-18019907": RateLimited,  # the day's limit
        "-18019908": RateLimited,  # quota used up
        "-18019909": NoData.NOT_SCANNED,  # no tracking information yet
        "-18019910": NoData.WRONG_CARRIER,  # no such carrier
        "-18019911": Unreachable,  # this carrier's numbers aren't taken at the moment
        "-18019912": AccessDenied,  # no right to the real-time query
    }
)
