#include "router/reset_answer.h"

namespace outrider {

ResetAnswer answer_to(ResetReason reason) {
  switch (reason) {
    case ResetReason::ConnectionFailure:
      return {503, ResponseFlag::UpstreamConnectionFailure, "remote connection failure",
              "remote_connection_failure"};
    case ResetReason::ConnectTimeout:
      return {503, ResponseFlag::UpstreamConnectionFailure, "connection timeout", "connection_timeout"};
    case ResetReason::LocalConnectionFailure:
      return {503, ResponseFlag::UpstreamConnectionFailure, "local connection failure",
              "local_connection_failure"};
    case ResetReason::Overflow:
      return {503, ResponseFlag::UpstreamOverflow, "overflow", "overflow"};
    case ResetReason::ProtocolError:
      return {502, ResponseFlag::UpstreamProtocolError, "protocol error", "protocol_error"};
    case ResetReason::RemoteReset:
      return {503, ResponseFlag::UpstreamRemoteReset, "remote reset", "remote_reset"};
    case ResetReason::RefusedStream:
      return {503, ResponseFlag::UpstreamRemoteReset, "remote refused stream reset",
              "remote_refused_stream_reset"};
    case ResetReason::LocalReset:
      return {503, ResponseFlag::LocalReset, "local reset", "local_reset"};
    case ResetReason::ConnectionTermination:
    case ResetReason::StaleConnection:
      break;
  }
  return {503, ResponseFlag::UpstreamConnectionTermination, "connection termination",
          "connection_termination"};
}

}  // namespace outrider
