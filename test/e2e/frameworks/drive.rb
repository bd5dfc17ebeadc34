# Uses an example of docs/rotation.md: drive.rb EXAMPLE (make|read|renew VALUE)… prints each result, or "refused".
require "rails"
require "action_controller/railtie"
require "active_record/railtie"

example, *actions = ARGV
ENV["DATABASE_URL"] = "sqlite3:/tmp/records.sqlite3"

class Shop < Rails::Application
  config.load_defaults 7.2
  config.eager_load = false
  config.logger = Logger.new(File::NULL)
  config.root = "/tmp"
  config.hosts.clear
  path = ENV["SESSION_KEY_FILE"]
  config.secret_key_base = (path ? File.read(path) : ENV["SESSION_KEY"]) || "unused"
  config.active_record.encryption.deterministic_key = "unused"
  config.active_record.encryption.key_derivation_salt = "fixed"
  class_eval(File.read("/example/rails_fields.rb"), "rails_fields.rb")
  initializer("example") { load "/example/rails_cookies.rb" }
end
Rails.application.initialize!

class Cookies < ActionController::Base
  def make
    cookies.encrypted[:user] = params[:value]
    cookies.signed[:mail] = params[:value]
    head :ok
  end

  def read
    render plain: [cookies.encrypted[:user], cookies.signed[:mail]].uniq.join(" and ").presence || "refused"
  end
end

def cookies_example(action, value)
  env = Rack::MockRequest.env_for(action == "make" ? "/?value=#{value}" : "/", "HTTP_COOKIE" => action == "make" ? "" : value)
  response = ActionDispatch::Response.new
  request = ActionDispatch::Request.new(Rails.application.env_config.merge(env))
  Cookies.dispatch(action, request, response)
  return response.body if action == "read"

  request.cookie_jar.write(response)
  Array(response.headers["set-cookie"]).flat_map { |line| line.split("\n") }.map { |line| line[/[^;]+/] }.join("; ")
end

def records_example(action, value)
  ActiveRecord::Schema.verbose = false
  ActiveRecord::Schema.define { create_table(:people, if_not_exists: true) { |table| table.text :mail } }
  people = Class.new(ActiveRecord::Base) do
    self.table_name = "people"
    def self.name = "Person"
    encrypts :mail
  end
  case action
  when "make" then people.create!(mail: value).id
  when "read" then people.find(value).mail
  when "renew" then people.find(value).encrypt && value
  end
rescue ActiveRecord::Encryption::Errors::Decryption
  "refused"
end

actions.each_slice(2) do |action, value|
  puts example == "Rails cookies" ? cookies_example(action, value) : records_example(action, value)
end
