/** The connectionless variant, MS-NLMP 1.3.1.2 and 3.2.5.2: the server speaks first. No mail protocol uses it. */
import { joinFlags, NegotiateFlag as Flag } from "./flags.ts";
import { encodeNegotiate } from "./messages/negotiate.ts";
import { adoptChallenge, openChallenge, type ChallengeOptions, type PendingChallenge } from "./open-challenge.ts";

/** Windows' CfgFlg: what such a server asks for without having heard a client. */
const CONNECTIONLESS_FLAGS = joinFlags(
  Flag.NTLMSSP_NEGOTIATE_UNICODE,
  Flag.NTLMSSP_REQUEST_TARGET,
  Flag.NTLMSSP_NEGOTIATE_SIGN,
  Flag.NTLMSSP_NEGOTIATE_SEAL,
  Flag.NTLMSSP_NEGOTIATE_NTLM,
  Flag.NTLMSSP_NEGOTIATE_ALWAYS_SIGN,
  Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY,
  Flag.NTLMSSP_NEGOTIATE_128,
  Flag.NTLMSSP_NEGOTIATE_KEY_EXCH,
  Flag.NTLMSSP_NEGOTIATE_56,
);

/** A CHALLENGE_MESSAGE with DATAGRAM and KEY_EXCH; there is no NEGOTIATE_MESSAGE, for the MIC neither. */
export function openConnectionless(options: ChallengeOptions, flags = CONNECTIONLESS_FLAGS): PendingChallenge {
  const { message } = openChallenge(encodeNegotiate({ flags }), options);
  const agreed = joinFlags(
    message.readUInt32LE(FLAGS),
    Flag.NTLMSSP_NEGOTIATE_DATAGRAM,
    Flag.NTLMSSP_NEGOTIATE_KEY_EXCH,
  );
  message.writeUInt32LE(agreed, FLAGS);
  return adoptChallenge(new Uint8Array(0), message);
}

/** Offset of NegotiateFlags in a CHALLENGE_MESSAGE. */
const FLAGS = 20;
