# Ruby's faye-websocket on EventMachine. Words in and out as in lines.py.
require 'eventmachine'
require 'faye/websocket'

$stdout.sync = true

def say(*words)
  $stdout.write(words.join(' ') + "\n")
end

# Reads the judge's words and carries them out.
module Words
  def initialize
    super
    @buffer = String.new
  end

  def receive_data(data)
    @buffer << data
    while (line = @buffer.slice!(/\A[^\n]*\n/))
      word, rest = line.chomp.force_encoding('UTF-8').split(' ', 2)
      obey(word, rest)
    end
  end

  def obey(word, rest)
    case word
    when 'connect' then connect_to(*rest.split)
    when 'send' then @socket.send(rest)
    when 'ping' then @socket.ping('are you there') { say 'pong' }
    when 'close' then @socket.close(1000)
    end
  end

  def connect_to(url, how, token)
    by_header = how == 'header'
    subprotocols = by_header ? ['live.v1'] : ['live.v1', "bearer.#{token}"]
    headers = by_header ? { 'Authorization' => "Bearer #{token}" } : {}
    trust = ENV['SSL_CERT_FILE'] ? { root_cert_file: ENV['SSL_CERT_FILE'] } : {}
    @socket = Faye::WebSocket::Client.new(url, subprotocols, headers: headers, tls: trust)
    @socket.on(:open) { say 'open', @socket.protocol.to_s.empty? ? '-' : @socket.protocol }
    @socket.on(:message) { |event| say 'text', event.data }
    @socket.on(:close) { |event| say 'closed', event.code }
    @socket.on(:error) { |event| say 'failed', event.message }
  end

  def unbind
    EM.stop
  end
end

EM.run { EM.attach($stdin, Words) }
